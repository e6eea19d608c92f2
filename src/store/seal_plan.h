// Which collections are due for a part. Pure decisions, no files.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "hot/hot.h"
#include "store/config.h"
#include "store/part.h"

namespace strata::store {

enum class SealReason : std::uint8_t { kRows, kBytes, kAge, kMemory, kLog, kStop };
std::string_view SealReasonName(SealReason reason);

struct SealTask {
  hot::CollectionState state;
  SealReason reason = SealReason::kRows;
};

// What the rest of the process needs sealed rows for.
struct SealPressure {
  // Memory above the limit that eviction could not free: the largest collections are sealed.
  std::uint64_t memory_excess_bytes = 0;
  // Segments of the log up to here wait, 0: none. Who holds them is sealed if large enough for a
  // part; of the others, the largest, until what is left may be carried.
  Position log_needs = 0;
  // Unsealed rows up to here are carried already and hold no segment.
  Position carried_through = 0;
};

// In the order in which to do them: what is largest first.
std::vector<SealTask> PlanSeals(std::span<const hot::CollectionState> states, MonotonicTime now,
                                const SealConfig& config, const CarryConfig& carry,
                                const SealPressure& pressure);

// The highest position at which a part of at most `rows_max` rows can end, or, when the first
// request alone has more, that one's. A request's rows are never split over two parts. 0: there are
// no rows.
Position PartEnd(std::span<const model::BlockSlice> slices, std::uint64_t rows_max);

}  // namespace strata::store
