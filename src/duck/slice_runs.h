// The runs of a slice by row. Internal to module duck.
#pragma once

#include <cstdint>

#include "model/block.h"

namespace strata::duck {

// The number of the slice's first run that ends behind `row`; last_run where there is none.
std::uint32_t FirstRunBehind(const model::BlockSlice& slice, std::uint32_t row);

// The position of a visible row. Cheap for ascending rows of the same slice.
class PositionCursor {
 public:
  explicit PositionCursor(const model::BlockSlice& slice) : slice_(&slice), run_(slice.first_run) {}

  std::uint64_t At(std::uint32_t row) {
    const auto& runs = slice_->block->runs();
    if (row < runs[run_].begin || row >= runs[run_].end) Seek(row);
    return runs[run_].position;
  }

 private:
  void Seek(std::uint32_t row);

  const model::BlockSlice* slice_;
  std::uint32_t run_;
};

}  // namespace strata::duck
