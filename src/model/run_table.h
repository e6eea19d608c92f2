// RunTable: which rows of a block belong to which position of the log.
//
// Rows are written before their request is durable; a run makes them visible. Rows that no run
// covers (a refused duplicate, a request that failed half-way) stay invisible for ever. Threads:
// the committer appends, in position order; readers without locks.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/check.h"
#include "model/stable_vector.h"

namespace strata::model {

struct Run {
  std::uint64_t position = 0;
  std::uint32_t begin = 0;  // rows [begin, end) of the block
  std::uint32_t end = 0;
};

class RunTable {
 public:
  // Requires: position is above, and begin at or above, those of the run before.
  void Append(const Run& run) {
    const std::uint32_t before = size();
    CHECK(before == 0 || runs_[before - 1].position < run.position);
    rows_.fetch_add(run.end - run.begin, std::memory_order_relaxed);
    runs_.Append(run);
  }

  // Rows of all runs.
  std::uint32_t rows() const { return rows_.load(std::memory_order_relaxed); }

  std::uint32_t size() const { return static_cast<std::uint32_t>(runs_.size()); }
  const Run& operator[](std::uint32_t index) const { return runs_[index]; }

  // The number of runs with a position of at most `position`.
  std::uint32_t CountUpTo(std::uint64_t position) const {
    std::uint32_t low = 0;
    std::uint32_t high = size();
    while (low < high) {
      const std::uint32_t middle = low + (high - low) / 2;
      if (runs_[middle].position <= position) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

 private:
  StableVector<Run, 4> runs_;
  std::atomic<std::uint32_t> rows_{0};
};

}  // namespace strata::model
