#include "base/wall_time.h"

namespace strata {

std::int64_t CautiousWall::Nanos() {
  const MutexLock lock(mutex_);
  const MonotonicTime now = clock_.Monotonic();
  const std::int64_t wall_ns = clock_.WallNanos();
  wall_ns_ += std::chrono::nanoseconds(now - read_).count();
  read_ = now;
  const bool credible = wall_ns <= wall_ns_ + std::chrono::nanoseconds(kSlack).count();
  if (credible || (jumped_ && now - *jumped_ >= patience_)) {
    jumped_.reset();
    wall_ns_ = wall_ns;
  } else if (!jumped_) {
    jumped_ = now;
  }
  return wall_ns_;
}

}  // namespace strata
