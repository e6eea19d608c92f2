#include "store/merge_plan.h"

#include <algorithm>

namespace strata::store {
namespace {

struct Level {
  std::uint64_t rows;     // parts of fewer rows are of this level or a lower one
  std::size_t parts_min;  // that many are merged
  // The output has at least this many times the rows of the largest input: what a row is rewritten
  // for. Without it a large part would swallow each small one behind it.
  std::uint64_t growth_min;
};
// The last level's rows are the limit that MergeLimits says.
constexpr Level kLevels[] = {{500, 4, 3}, {5'000, 8, 6}, {50'000, 8, 6}, {0, 8, 6}};

struct Candidate {
  MergeRange range;
  std::uint64_t rows = 0;
  std::uint64_t largest = 0;
  bool reached_target = false;  // one more would be too many rows
};

// The longest range from `begin` that may become one part.
Candidate Extend(std::span<const PartPtr> parts, std::size_t begin, std::uint64_t level_rows,
                 const MergeLimits& limits, const std::function<bool(const Part&)>& may_merge) {
  Candidate candidate{.range = {begin, begin}};
  MergeRange& range = candidate.range;
  for (; range.end < parts.size() && range.count() < limits.inputs_max; ++range.end) {
    const Part& part = *parts[range.end];
    if (part.rows() >= level_rows || !may_merge(part)) break;
    const Duration span(part.last_arrival_ns - parts[begin]->first_arrival_ns);
    if (span > limits.span_max) break;
    candidate.reached_target = candidate.rows + part.rows() > limits.target_rows;
    if (candidate.reached_target) break;
    candidate.rows += part.rows();
    candidate.largest = std::max(candidate.largest, part.rows());
  }
  return candidate;
}

bool IsWorthIt(const Candidate& candidate, const Level& level, const MergeLimits& limits) {
  const std::size_t count = candidate.range.count();
  if (count < 2) return false;
  if (candidate.reached_target) return true;
  const std::size_t parts_min = std::min<std::size_t>(level.parts_min, limits.inputs_max);
  // Where fewer inputs are allowed, it grows by less.
  const std::uint64_t growth_min = std::min<std::uint64_t>(level.growth_min, parts_min - 1);
  return count >= parts_min && candidate.rows >= growth_min * candidate.largest;
}

}  // namespace

std::optional<MergeRange> PlanMerge(std::span<const PartPtr> parts, const MergeLimits& limits,
                                    const std::function<bool(const Part&)>& may_merge) {
  for (const Level& level : kLevels) {
    const std::uint64_t level_rows =
        level.rows == 0 ? limits.large_rows : std::min(level.rows, limits.large_rows);
    for (std::size_t begin = 0; begin < parts.size(); ++begin) {
      const Candidate candidate = Extend(parts, begin, level_rows, limits, may_merge);
      if (IsWorthIt(candidate, level, limits)) return candidate.range;
    }
  }
  return std::nullopt;
}

}  // namespace strata::store
