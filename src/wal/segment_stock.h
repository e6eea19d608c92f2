// Makes, closes and recycles segment files, away from the commit path: a thread keeps the next
// segment and some spares ready, and writes the footers of full ones.
//
// Life of a file: spare-<n>.wal (zero-written) → <number>.wal with a header of its own salt (the
// next segment) → active → closed → released: spare again. Every change of a name is synced before
// the file is put to its next use.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/seeded_bug.h"
#include "os/file_system.h"
#include "wal/config.h"
#include "wal/segment.h"
#include "wal/segment_set.h"

namespace strata::wal {

// A segment that takes frames, and what its footer will hold. Belongs to the committer.
struct WritableSegment {
  SegmentHeader header;
  std::unique_ptr<os::File> file{};
  std::uint64_t write_offset = kFirstGroupOffset;
  PositionRange range{};
  Bytes footer_entries{};
  std::uint64_t last_place = 0;  // offset of the last place noted
};

class SegmentStock {
 public:
  struct Start {
    Hash128 log_id;
    std::uint64_t next_number = 1;
    std::uint64_t next_spare = 1;
    Position first_position = 0;  // of this life, when positions were left out before it; else 0
    std::vector<std::string> spares;  // files of the right size, names synced
  };
  // Everything must outlive it.
  SegmentStock(const Config& config, os::FileSystem& files, const Clock& clock, SegmentSet& set);
  ~SegmentStock();

  void Begin(Start start, bool threads);  // starts the thread, with `threads`
  void Stop();  // finishes footers, gives back the next segment, ends the thread
  // One piece of the thread's work; false when there is none. Without a thread: called by others.
  bool WorkOnce();

  // The next segment, waited for while it is being made; it is in the set, active, on return.
  // kExhausted: no room (max_bytes or the disk). Other errors: the machine refused.
  Result<WritableSegment> TakeNext();
  // The first segment is used in earnest: make the next one and the spares now. Before that a log
  // takes one segment's space, after it always what it needs next.
  void PrepareMore();
  // Writes the footer in the background.
  void CloseLater(WritableSegment segment);
  // Writes the footer now, on `segment.file` or, without one, on a fresh descriptor.
  Status CloseNow(WritableSegment segment);

  // While TakeNext() failed last and no segment could be made since. The log takes no frames then.
  bool in_trouble() const { return in_trouble_.load(std::memory_order_acquire); }
  Error trouble() const;
  // Tries again, at most every 100 ms.
  void Poke();

  // Puts a released segment's file to further use: spare, or gone. Durable on success.
  Status Recycle(std::uint64_t number, std::uint64_t file_bytes);

  std::uint64_t bytes() const;  // of spares and the next segment
  std::uint64_t recycled() const { return recycled_.load(std::memory_order_relaxed); }
  std::vector<SegmentInfo> List() const;

 private:
  struct Next {
    SegmentHeader header;
    std::unique_ptr<os::File> file;
  };
  struct Renamed {
    std::uint64_t number = 0;  // of the segment that was released
    std::string spare;
  };

  void Run();
  void AwaitWork() REQUIRES(mutex_);
  // These give the lock up while they work on files.
  void WorkOnNext() REQUIRES(mutex_);
  void WorkOnClosing() REQUIRES(mutex_);
  void WorkOnSpare() REQUIRES(mutex_);
  Result<Next> MakeNext(std::optional<std::string> spare, Position first_position);
  Result<std::unique_ptr<os::File>> PutToUse(const std::string& spare, const std::string& name,
                                             const SegmentHeader& header);
  Result<std::string> MakeSpare();
  Status MakeSpareOf(const std::string& name, std::uint64_t file_bytes, const std::string& spare);
  Status FillSpare(const std::filesystem::path& path);
  bool RoomForAnother() const REQUIRES(mutex_);
  std::filesystem::path At(std::string_view name) const { return config_.directory / name; }
  os::WriteMode mode() const {
    const bool sync = config_.sync == SyncMode::kGroup && !SeededBug(Bug::kSkipSync);
    return sync ? os::WriteMode::kDirectSync : os::WriteMode::kBuffered;
  }

  const Config& config_;
  os::FileSystem& files_;
  const Clock& clock_;
  SegmentSet& set_;

  mutable Mutex mutex_;
  ConditionVariable changed_;
  Hash128 log_id_ GUARDED_BY(mutex_);
  std::uint64_t next_number_ GUARDED_BY(mutex_) = 1;
  std::uint64_t next_spare_ GUARDED_BY(mutex_) = 1;
  Position first_position_ GUARDED_BY(mutex_) = 0;
  std::mt19937_64 salts_ GUARDED_BY(mutex_);
  std::deque<std::string> spares_ GUARDED_BY(mutex_);
  std::optional<Renamed> renamed_ GUARDED_BY(mutex_);  // whose name was not synced
  std::optional<Next> next_ GUARDED_BY(mutex_);
  std::deque<WritableSegment> closing_ GUARDED_BY(mutex_);
  std::uint64_t being_made_bytes_ GUARDED_BY(mutex_) = 0;
  std::optional<Error> error_ GUARDED_BY(mutex_);  // of the last attempt to make the next segment
  bool may_try_next_ GUARDED_BY(mutex_) = true;
  bool may_try_spare_ GUARDED_BY(mutex_) = false;
  bool ahead_ GUARDED_BY(mutex_) = false;  // PrepareMore() was called
  MonotonicTime last_try_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::atomic<bool> in_trouble_{false};
  std::atomic<bool> abandon_{false};  // stop zero-writing
  std::atomic<std::uint64_t> recycled_{0};
  bool threads_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// How many spares are kept when segments are released. More than are made ahead of need: else each
// roll would write a new spare, and each release would throw one away.
inline std::size_t SparesMax(const Config& config) {
  return 2 * std::size_t{config.spare_segments} + 2;
}

// The seed of a log's random numbers: `fixed`, or the machine's entropy when that is 0.
std::uint64_t SaltSeed(std::uint64_t fixed);

}  // namespace strata::wal
