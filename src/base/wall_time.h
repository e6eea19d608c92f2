// Wall time for decisions about age: what a jump of the wall clock does to them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/mutex.h"

namespace strata {

// Wall time that does not jump: the wall clock when it was made, and monotonic time since. For the
// age of what is dated by the wall clock, within one process. Thread-safe.
class SteadyWall {
 public:
  explicit SteadyWall(const Clock& clock)
      : clock_(clock), wall_ns_(clock.WallNanos()), made_(clock.Monotonic()) {}

  std::int64_t Nanos() const {
    return wall_ns_ + std::chrono::nanoseconds(clock_.Monotonic() - made_).count();
  }

 private:
  const Clock& clock_;
  const std::int64_t wall_ns_;
  const MonotonicTime made_;
};

// The wall clock, for deciding what is old enough to be deleted. A step back is believed at once:
// it keeps things longer. A jump ahead is believed only when it has lasted for `patience`: until
// then time goes on as if it had not been. Thread-safe.
class CautiousWall {
 public:
  static constexpr std::chrono::hours kPatience{24};

  explicit CautiousWall(const Clock& clock, std::chrono::nanoseconds patience = kPatience)
      : clock_(clock), patience_(patience), wall_ns_(clock.WallNanos()), read_(clock.Monotonic()) {}

  std::int64_t Nanos();

 private:
  // What time synchronisation moves a clock by without a jump.
  static constexpr std::chrono::minutes kSlack{5};

  const Clock& clock_;
  const std::chrono::nanoseconds patience_;
  Mutex mutex_;
  std::int64_t wall_ns_ GUARDED_BY(mutex_);  // that was believed at `read_`
  MonotonicTime read_ GUARDED_BY(mutex_);
  std::optional<MonotonicTime> jumped_ GUARDED_BY(mutex_);  // since when the clock is ahead
};

}  // namespace strata
