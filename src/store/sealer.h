// Sealer: turns rows in memory into parts, and lets go of what they then make superfluous: blocks
// in memory, segments of the log.
//
// A part's way: rows are written to a file and synced; the file is renamed and its folder synced;
// the manifest lists it and the sealed position, synced; memory is told. Only then may blocks be
// evicted and segments released. Frames that would hold segments for too long go into the carry
// file.
//
// A failure loses nothing: rows stay in memory and in the log, and sealing is tried again, later
// each time. Readiness and metrics tell.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>

#include "base/clock.h"
#include "base/live.h"
#include "base/mutex.h"
#include "hot/hot.h"
#include "model/collection.h"
#include "store/carry.h"
#include "store/log_source.h"
#include "store/seal_plan.h"
#include "store/workplace.h"

namespace strata::store {

class Sealer {
 public:
  Sealer(const Workplace& at, hot::Hot& hot, LogSource& log, Carry& carry);
  ~Sealer();  // ends the thread
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  void Start();  // the thread, once
  void Stop();   // ends it; a part that is being written is finished first

  // Looks at once instead of at the next interval: memory or the log is full. Any thread.
  void Nudge();

  // The carry file does not read back: what it holds is sealed at the next pass. Any thread.
  void ReportDamagedCarry(const std::string& reason);

  // The log is damaged at or below `position`: what it holds up to there and no part has, is sealed
  // at the next pass. Any thread.
  void ReportDamagedLog(Position position);

  // One look at everything and what follows from it. What the thread does; also for tests. Error:
  // something failed and will be tried again. Ends soon after a stop is requested.
  Status Pass(const std::stop_token& stop = {});

  // Seals everything, the largest first, as far as the time goes. Requires: Stop() was called, and
  // nothing is published any more. True when nothing is left.
  bool SealAll(MonotonicTime deadline);

  // Empty while sealing works; else why it does not. Any thread.
  std::string ailment() const;
  Position released() const { return released_.load(std::memory_order_relaxed); }
  Position carried_through() const { return carried_through_.load(std::memory_order_relaxed); }
  std::uint64_t carry_bytes() const { return carry_bytes_.load(std::memory_order_relaxed); }

 private:
  void Run(const std::stop_token& stop);
  Status PassLocked() REQUIRES(pass_mutex_);
  Status SealDue(const SealPressure& pressure) REQUIRES(pass_mutex_);
  Status Seal(const SealTask& task) REQUIRES(pass_mutex_);
  Status WritePart(const SealTask& task, const model::Collection& collection,
                   std::span<const model::BlockSlice> slices) REQUIRES(pass_mutex_);
  Status ListPart(const PartPtr& part, const model::Collection& collection) REQUIRES(pass_mutex_);
  SealPressure Pressure() REQUIRES(pass_mutex_);
  Status CarryResidues(Position through) REQUIRES(pass_mutex_);
  Status SealHolders(Position through) REQUIRES(pass_mutex_);
  // The lowest position above `after` that a row in memory, not sealed, has; `published` + 1 when
  // there is none.
  Position FirstHolder(Position after, Position published) REQUIRES(pass_mutex_);
  Status Release() REQUIRES(pass_mutex_);
  void Judge(const Status& outcome) REQUIRES(pass_mutex_);
  Carry::SealedOf SealedOf() const;

  const Workplace at_;
  hot::Hot& hot_;
  LogSource& log_;

  Mutex pass_mutex_;
  Carry& carry_ GUARDED_BY(pass_mutex_);
  MonotonicTime retry_at_ GUARDED_BY(pass_mutex_){};
  Duration retry_delay_ GUARDED_BY(pass_mutex_){};
  std::function<bool()> go_on_ GUARDED_BY(pass_mutex_);       // false: the pass has no more time
  double rows_per_second_ GUARDED_BY(pass_mutex_) = 500'000;  // of sealing, as seen lately
  // Parts that are written but whose edit failed: the next attempt lists them as they are.
  std::unordered_map<model::CollectionId, PartPtr> unlisted_ GUARDED_BY(pass_mutex_);

  std::atomic<Position> log_damaged_through_{0};  // rows up to here are to be sealed, 0: none
  std::atomic<Position> released_{0};
  std::atomic<Position> carried_through_{0};
  std::atomic<std::uint64_t> carry_bytes_{0};

  mutable Mutex state_mutex_;
  ConditionVariable wake_;
  bool nudged_ GUARDED_BY(state_mutex_) = false;
  std::string ailment_ GUARDED_BY(state_mutex_);

  std::jthread thread_;
};

}  // namespace strata::store
