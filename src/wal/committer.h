// The one thread that gives out positions and writes frames. wal/log.h has the protocol.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "os/file_system.h"
#include "wal/group.h"
#include "wal/log.h"
#include "wal/segment_set.h"
#include "wal/segment_stock.h"

namespace strata::wal {

class Committer {
 public:
  // Everything must outlive it.
  Committer(const Config& config, os::FileSystem& files, const Clock& clock, CommitHooks& hooks,
            SegmentSet& set, SegmentStock& stock);
  ~Committer();

  // Starts the thread, with `threads`; the next frame gets published() + 1 and goes to `first`,
  // when there is one.
  void Begin(std::optional<WritableSegment> first, bool threads);
  // Without a thread: what it would do now; false when that is nothing.
  bool CommitOnce();
  void Stop();  // settles what was submitted, ends the thread, closes the segment

  Status Submit(Append& append);

  Position published() const noexcept { return published_.load(std::memory_order_acquire); }
  // As published(), of what no power loss takes any more: the same but for SyncMode::kInterval.
  Position durable() const noexcept { return durable_.load(std::memory_order_acquire); }
  void SetPublished(Position position);  // before Begin()

  bool healthy() const;  // a full log is healthy
  std::string ailment() const;
  void AddTo(LogStats& stats) const;

 private:
  enum class State : std::uint8_t { kIdle, kRunning, kPoisoned, kStopped };

  void Run();
  // Fills taken_; false when it is time to end.
  bool TakeWork();
  void DoWork();
  void CommitTaken();
  // The next frames of taken_ that are admitted and go in one write. An error: no segment to write
  // to.
  Status FormGroup();
  bool Fits(std::uint64_t group_bytes) const;  // with one more frame in group_
  void WriteGroup();
  void PublishGroup();
  Status Roll();
  Status SyncInterval();
  // A write or sync failed: everybody who waits is told, the segment takes no more.
  void Poison(const Error& why);
  void Rebuild();
  Status CloseBehindPublished();
  void Settle(std::vector<Append*>& appends, const Status& status);
  void FailTaken(const Error& why);
  std::string AilmentLocked() const REQUIRES(mutex_);

  static std::uint64_t QueueBytes(const Append& append) {
    return kFrameHeaderBytes + append.payload.size();
  }

  const Config& config_;
  os::FileSystem& files_;
  const Clock& clock_;
  CommitHooks& hooks_;
  SegmentSet& set_;
  SegmentStock& stock_;

  mutable Mutex mutex_;
  ConditionVariable wake_;
  std::vector<Append*> queue_ GUARDED_BY(mutex_);
  std::uint64_t queue_bytes_ GUARDED_BY(mutex_) = 0;
  bool sleeping_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool rebuild_wanted_ GUARDED_BY(mutex_) = false;
  MonotonicTime last_rebuild_ GUARDED_BY(mutex_);
  std::string ailment_ GUARDED_BY(mutex_) = "not started";
  LogStats stats_ GUARDED_BY(mutex_);

  std::atomic<State> state_{State::kIdle};
  std::atomic<Position> published_{0};
  std::atomic<Position> durable_{0};

  // Of the thread alone.
  std::vector<Append*> taken_;
  std::size_t next_taken_ = 0;
  Group group_;
  Position last_ = 0;
  std::optional<WritableSegment> active_;
  bool unsynced_ = false;
  bool prepared_more_ = false;
  MonotonicTime last_sync_;

  std::thread thread_;
};

}  // namespace strata::wal
