// Upkeep: what is done to parts in the background, one thing after another on one thread: merging,
// retention, removing files that nobody reads any more, watching the disk.
#pragma once

#include <atomic>
#include <cstdint>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "store/graveyard.h"
#include "store/merger.h"
#include "store/retention.h"

namespace strata::store {

class Upkeep {
 public:
  Upkeep(const Workplace& at, Graveyard& graveyard);
  ~Upkeep();  // ends the thread
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

  void Start();  // the thread, once
  void Stop();   // ends it; a merge that is under way is finished first

  // What is due now, one merge at most. True when there may be more to do. What the thread does;
  // also for tests.
  bool Pass();

  // Less free space than the limit. Any thread.
  bool DiskIsLow() const { return disk_is_low_.load(std::memory_order_relaxed); }
  std::uint64_t disk_free_bytes() const { return disk_free_.load(std::memory_order_relaxed); }

 private:
  void Run(const std::stop_token& stop);
  void CheckDisk() REQUIRES(pass_mutex_);
  void Retain() REQUIRES(pass_mutex_);
  // True at most once in an interval.
  bool IsDue(MonotonicTime& next, Duration interval) REQUIRES(pass_mutex_);

  const Workplace at_;
  Graveyard& graveyard_;

  Mutex pass_mutex_;
  Merger merger_ GUARDED_BY(pass_mutex_);
  MonotonicTime next_merge_ GUARDED_BY(pass_mutex_){};
  MonotonicTime next_retention_ GUARDED_BY(pass_mutex_){};
  MonotonicTime next_disk_check_ GUARDED_BY(pass_mutex_){};

  std::atomic<bool> disk_is_low_{false};
  std::atomic<std::uint64_t> disk_free_{0};

  Mutex wait_mutex_;
  ConditionVariable wake_;
  std::jthread thread_;
};

}  // namespace strata::store
