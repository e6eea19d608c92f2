// What a scan's columns show of a block's resources and scopes. Internal to module duck.
#pragma once

#include <cstddef>
#include <optional>

#include "duck/chunk_rows.h"
#include "duck/nested.h"
#include "duck/view.h"
#include "model/block.h"

namespace strata::duck {

// A column with one text for each resource or, where IsOfScope, each scope.
bool IsOriginText(const ViewColumn& view);
bool IsOfScope(const ViewColumn& view);

// How many resources or scopes the block has for such a column.
std::size_t OriginCount(const model::Block& block, const ViewColumn& view);
// What the column shows for the index-th of them; nullopt: NULL. Requires: IsOriginText(view).
std::optional<TypedEntry> OriginText(const model::Block& block, const ViewColumn& view,
                                     std::size_t index);

// The MAPs of the attributes of resources (or scopes), each once, and rows that point to them.
void FillOriginMap(const model::Block& block, const ViewColumn& view, const ChunkRows& rows,
                   duckdb::Vector& out);

}  // namespace strata::duck
