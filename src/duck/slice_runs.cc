#include "duck/slice_runs.h"

namespace strata::duck {

std::uint32_t FirstRunBehind(const model::BlockSlice& slice, std::uint32_t row) {
  const auto& runs = slice.block->runs();
  std::uint32_t low = slice.first_run;
  std::uint32_t high = slice.last_run;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (runs[middle].end <= row) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

void PositionCursor::Seek(std::uint32_t row) {
  const auto& runs = slice_->block->runs();
  // The run behind is the likely one; else search.
  const std::uint32_t next = run_ + 1;
  if (next < slice_->last_run && row >= runs[next].begin && row < runs[next].end) {
    run_ = next;
  } else {
    run_ = FirstRunBehind(*slice_, row);
  }
}

}  // namespace strata::duck
