// The columns of a scan that are made from fixed columns of a block. Internal to module duck.
//
// Each function fills out[0, rows.count) with what the view shows of those rows.
#pragma once

#include "duck/chunk_rows.h"
#include "duck/view.h"
#include "model/block.h"

namespace strata::duck {

// A column as it is; ids as hex.
void FillFixed(const model::Column& column, const ChunkRows& rows, duckdb::Vector& out);
// The names of an enum's numbers.
void FillEnum(const model::Block& block, std::uint16_t fixed, const ChunkRows& rows,
              duckdb::Vector& out);
// Lists as nested values.
void FillCell(const model::Column& column, CellType type, const ChunkRows& rows,
              duckdb::Vector& out);
// Bodies of logs, values of metrics, durations of spans.
void FillBody(const model::Block& block, const ChunkRows& rows, duckdb::Vector& out);
void FillValue(const model::Block& block, const ChunkRows& rows, duckdb::Vector& out);
void FillDuration(const model::Block& block, const ChunkRows& rows, duckdb::Vector& out);

}  // namespace strata::duck
