// The walk of `strata chaos` over the fault points (base/fault_point.h).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"

namespace strata::app {

// What the settings of a data directory make happen often. A point may need one of them.
enum class ChaosTemper : std::uint8_t {
  kSealing,    // rows are sealed, merged and evicted as soon as can be
  kCarrying,   // rows are few and wait; the log is small, so that they go to carry files
  kForgetful,  // as kSealing, and metrics are kept for two seconds only
};
inline constexpr std::uint64_t kChaosTempers = 3;

// Which points are still to be visited. Thread-safe.
class PointWalk {
 public:
  PointWalk(const std::vector<std::string>& points, std::uint64_t seed);

  struct Visit {
    std::string before;  // where the life before this one is to end; empty: anywhere
    std::string point;
    std::uint64_t pass = 1;   // which pass of it
    std::uint32_t tries = 0;  // that missed it before
  };
  // The next one that a directory of that temper may come to, in its first life or later; nothing
  // when there is none, or each was reached or tried often enough.
  std::optional<Visit> Next(ChaosTemper temper, bool first_life);
  void NoteReached(const std::string& point);
  void NoteMissed(const std::string& point);

  // Visits that are still to come, at least.
  std::uint64_t left() const;
  std::uint64_t points() const;
  std::uint64_t reached() const;
  std::vector<std::string> Unreached() const;

 private:
  struct Point {
    std::uint32_t tries = 0;
    bool reached = false;
  };
  mutable Mutex mutex_;
  std::mt19937_64 random_ GUARDED_BY(mutex_);
  std::deque<std::string> waiting_ GUARDED_BY(mutex_);
  std::map<std::string, Point> points_ GUARDED_BY(mutex_);
};

}  // namespace strata::app
