// Time is passed in, so that tests choose it. Wall time is data (it may jump); monotonic time is
// for timers and ages.
#pragma once

#include <chrono>
#include <cstdint>

namespace strata {

using MonotonicTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t WallNanos() const = 0;  // since 1970-01-01 UTC
  virtual MonotonicTime Monotonic() const = 0;
};

// The machine's clocks. Thread-safe, lives for ever.
const Clock& SystemClock();

}  // namespace strata
