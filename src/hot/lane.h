// Lane: the blocks that one writer at a time fills for one collection. Internal to module hot.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "hot/hot.h"

namespace strata::hot {

// What lanes of one collection share. `first_unsealed` is a monotonic time in nanoseconds, 0: none.
struct CollectionMarks {
  std::atomic<Position> sealed{0};
  std::atomic<Position> floor{0};
  std::atomic<std::int64_t> unsealed_since{0};
};

class Lane final : public model::BlockSource {
 public:
  Lane(model::Kind kind, CollectionMarks& marks, std::atomic<std::uint64_t>& total_bytes,
       const Clock& clock);

  bool TryLock() { return writing_.try_lock(); }
  void Lock() { writing_.lock(); }
  void Unlock();

  // The rows of the request that wrote last are in somebody's hands: the blocks that it filled up
  // need no further care. Requires the lock.
  void LetGoOfFilled();

  // BlockSource; requires the lock.
  const std::shared_ptr<model::Block>& current() override;
  std::uint32_t& next_row() override { return next_row_; }
  void Roll() override;

  // Any thread.
  void Slices(Position after, Position up_to, std::vector<model::BlockSlice>& out) const;
  void AddTo(CollectionState& state) const;
  // Drops the oldest block if it is wholly sealed and, unless `any`, began before `before`. Returns
  // the bytes freed, 0 when nothing was dropped.
  std::uint64_t EvictOne(bool any, MonotonicTime before);
  // The time when the oldest block began; nothing when there is none.
  std::optional<MonotonicTime> Oldest() const;

  CollectionMarks& marks() { return marks_; }
  const Clock& clock() const { return clock_; }

 private:
  struct Held {
    std::shared_ptr<model::Block> block;
    MonotonicTime began;
  };
  bool IsWhollySealed(const model::Block& block) const;
  bool IsDue(const Held& held, bool any, MonotonicTime before) const;
  std::uint64_t EvictFullBlock(bool any, MonotonicTime before);
  std::uint64_t EvictCurrentBlock(bool any, MonotonicTime before);
  std::uint64_t DropFront() REQUIRES(list_mutex_);
  void UpdateBytes();

  const model::Kind kind_;
  CollectionMarks& marks_;
  std::atomic<std::uint64_t>& total_bytes_;
  const Clock& clock_;

  std::mutex writing_;  // held for the life of a lease, which no analysis follows
  std::shared_ptr<model::Block> current_;
  std::uint32_t next_row_ = 0;
  std::uint32_t next_capacity_;
  std::size_t counted_bytes_ = 0;  // of the current block, in total_bytes_
  // Blocks that the request at hand filled up and left. No run names its rows there yet, so each is
  // counted as in flight until the request's rows are taken.
  std::vector<std::shared_ptr<model::Block>> filled_;
  model::BlockHints hints_;
  std::uint32_t blocks_since_retry_ = 0;

  mutable Mutex list_mutex_;  // taken inside writing_, never the other way
  std::deque<Held> blocks_ GUARDED_BY(list_mutex_);
};

}  // namespace strata::hot
