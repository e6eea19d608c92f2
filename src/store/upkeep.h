// Upkeep: what is done to parts in the background, one thing after another on one thread: taking
// damaged ones out of service, serving those again that were brought back, retention, merging,
// removing files that nobody reads any more.
#pragma once

#include <functional>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/wall_time.h"
#include "store/graveyard.h"
#include "store/merger.h"
#include "store/repair.h"
#include "store/restore.h"
#include "store/retention.h"

namespace strata::store {

class Upkeep {
 public:
  Upkeep(const Workplace& at, Graveyard& graveyard, Repair& repair);
  ~Upkeep();  // ends the thread
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

  void Start();  // the thread, once
  void Stop();   // ends it soon; of a merge or a repair that is under way nothing is left

  // There is a suspect part: look at once. Any thread.
  void Nudge();

  // What retention takes for now: a jump of the wall clock deletes nothing. Any thread.
  std::int64_t RetentionNow() { return retention_time_.Nanos(); }

  // What is due now, one merge at most. True when there may be more to do. What the thread does;
  // also for tests.
  bool Pass(const std::stop_token& stop = {});

  // Before Start(). While it says so only small merges begin: a merge needs room for its output
  // before it frees that of its inputs.
  void SaveSpaceWhile(std::function<bool()> disk_is_low) { disk_is_low_ = std::move(disk_is_low); }

 private:
  void Run(const std::stop_token& stop);
  void Mend(const std::stop_token& stop) REQUIRES(pass_mutex_);
  void Retain() REQUIRES(pass_mutex_);
  void LookForLostParts(const std::stop_token& stop) REQUIRES(pass_mutex_);
  // True at most once in an interval.
  bool IsDue(MonotonicTime& next, Duration interval) REQUIRES(pass_mutex_);

  const Workplace at_;
  Graveyard& graveyard_;
  Repair& repair_;
  CautiousWall retention_time_;

  Mutex pass_mutex_;
  Merger merger_ GUARDED_BY(pass_mutex_);
  Restore restore_ GUARDED_BY(pass_mutex_);
  MonotonicTime next_merge_ GUARDED_BY(pass_mutex_){};
  MonotonicTime next_retention_ GUARDED_BY(pass_mutex_){};
  std::function<bool()> disk_is_low_;

  Mutex wait_mutex_;
  ConditionVariable wake_;
  bool nudged_ GUARDED_BY(wait_mutex_) = false;
  std::jthread thread_;
};

}  // namespace strata::store
