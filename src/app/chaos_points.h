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

// Which points are still to be visited. Thread-safe.
class PointWalk {
 public:
  PointWalk(const std::vector<std::string>& points, std::uint64_t seed);

  struct Visit {
    std::string before;  // where the life before this one is to end; empty: anywhere
    std::string point;
    std::uint64_t pass = 1;  // which pass of it
  };
  // The next one; nothing when each was reached or tried often enough.
  std::optional<Visit> Next();
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
