// A clock that moves only when it is told to, the same in every run.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace strata::reliability {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::chrono::nanoseconds elapsed = {}) : elapsed_(elapsed) {}
  std::int64_t WallNanos() const override { return 1'790'000'000'000'000'000 + elapsed_.count(); }
  MonotonicTime Monotonic() const override {
    return MonotonicTime(std::chrono::hours(100) + elapsed_);
  }
  void Advance(std::chrono::nanoseconds by) { elapsed_ += by; }

 private:
  std::chrono::nanoseconds elapsed_;
};

}  // namespace strata::reliability
