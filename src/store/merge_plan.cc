#include "store/merge_plan.h"

#include <algorithm>

namespace strata::store {
namespace {

struct Level {
  std::uint64_t rows;     // parts of fewer rows are of this level or a lower one
  std::size_t parts_min;  // that many are merged
};
// The last level's rows are the limit that MergeLimits says.
constexpr Level kLevels[] = {{500, 4}, {5'000, 8}, {50'000, 8}, {0, 8}};

// The longest range from `begin` that may become one part. `full`: it ends because the part would
// become too large.
MergeRange Extend(std::span<const PartPtr> parts, std::size_t begin, std::uint64_t level_rows,
                  const MergeLimits& limits, const std::function<bool(const Part&)>& may_merge,
                  bool* full) {
  MergeRange range{begin, begin};
  std::uint64_t rows = 0;
  *full = false;
  for (; range.end < parts.size() && range.count() < limits.inputs_max; ++range.end) {
    const Part& part = *parts[range.end];
    if (part.rows() >= level_rows || !may_merge(part)) break;
    const Duration span(part.last_arrival_ns - parts[begin]->first_arrival_ns);
    if (span > limits.span_max) break;
    rows += part.rows();
    if (rows > limits.target_rows) {
      *full = true;
      break;
    }
  }
  if (range.count() == limits.inputs_max) *full = true;
  return range;
}

}  // namespace

std::optional<MergeRange> PlanMerge(std::span<const PartPtr> parts, const MergeLimits& limits,
                                    const std::function<bool(const Part&)>& may_merge) {
  for (const Level& level : kLevels) {
    const std::uint64_t level_rows =
        level.rows == 0 ? limits.large_rows : std::min(level.rows, limits.large_rows);
    for (std::size_t begin = 0; begin < parts.size(); ++begin) {
      bool full = false;
      const MergeRange range = Extend(parts, begin, level_rows, limits, may_merge, &full);
      if (range.count() >= level.parts_min || (full && range.count() >= 2)) return range;
    }
  }
  return std::nullopt;
}

}  // namespace strata::store
