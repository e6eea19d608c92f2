// The rows of a part in the order in which they are written. Internal to module duck.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/block.h"
#include "model/kind.h"

namespace strata::duck {

// A row of a slice's block.
struct RowRef {
  std::uint32_t slice = 0;
  std::uint32_t row = 0;
};

// The visible rows of all slices: by service (metrics: by name, then service), then time, then as
// they came.
std::vector<RowRef> SortedRows(model::Kind kind, std::span<const model::BlockSlice> slices);

// The position of a visible row. Cheap for ascending rows of the same slice.
class PositionCursor {
 public:
  explicit PositionCursor(const model::BlockSlice& slice) : slice_(&slice), run_(slice.first_run) {}
  std::uint64_t At(std::uint32_t row);

 private:
  const model::BlockSlice* slice_;
  std::uint32_t run_;
};

}  // namespace strata::duck
