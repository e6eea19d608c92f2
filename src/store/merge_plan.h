// Which parts of a collection to merge next. Pure decisions, no files.
//
// Parts have levels by their rows: up to 500, 5,000, 50,000, large_rows. Neighbours of one level or
// below are merged when there are enough of them to make a part of several times the size of each,
// so that a row is written again about once a level, and a part of large_rows never.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>

#include "store/config.h"
#include "store/part.h"

namespace strata::store {

struct MergeRange {  // of the list of parts: [begin, end)
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t count() const { return end - begin; }
};

struct MergeLimits {
  std::uint64_t target_rows = 0;
  std::uint64_t large_rows = 0;
  std::uint32_t inputs_max = 0;
  Duration span_max{};
};

// `parts` ascend by position. `may_merge` says no for parts that are to be left alone.
std::optional<MergeRange> PlanMerge(std::span<const PartPtr> parts, const MergeLimits& limits,
                                    const std::function<bool(const Part&)>& may_merge);

}  // namespace strata::store
