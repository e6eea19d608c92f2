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

// Rows of slices, in the order in which they are written.
struct PartRows {
  std::span<const model::BlockSlice> slices;
  std::span<const RowRef> refs;

  std::size_t size() const { return refs.size(); }
  const model::Block& block(std::size_t i) const { return *slices[refs[i].slice].block; }
  // The chunk of a column that holds the i-th row, and the row's place in it.
  const model::Chunk* chunk(const model::Column& column, std::size_t i) const {
    return column.chunk(refs[i].row / model::kChunkRows);
  }
  std::uint32_t at(std::size_t i) const { return refs[i].row % model::kChunkRows; }
  // The number of the i-th row's resource or scope: `fixed` is kResource or kScope.
  std::uint32_t Origin(std::uint16_t fixed, std::size_t i) const {
    const model::Chunk* codes = chunk(block(i).fixed(fixed), i);
    return codes == nullptr ? 0 : codes->values<std::uint32_t>()[at(i)];
  }
};

// The number of the first chunk behind the slice's rows.
inline std::uint32_t ChunkEnd(const model::BlockSlice& slice) {
  return (slice.end_row() + model::kChunkRows - 1) / model::kChunkRows;
}
// How many of the slice's chunks the column has.
std::uint64_t ChunksWith(const model::Column& column, const model::BlockSlice& slice);

// The visible rows of all slices: by service (metrics: by name, then service), then time, then as
// they came.
std::vector<RowRef> SortedRows(model::Kind kind, std::span<const model::BlockSlice> slices);

}  // namespace strata::duck
