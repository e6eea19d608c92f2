// BlockAttributes: the record attributes of a block as columns of a scan. Internal to module duck.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "duck/chunk_rows.h"
#include "duck/scan_plan.h"
#include "model/block.h"

namespace strata::duck {

// An attribute column that has values in the chunk at hand.
struct AttributeSource {
  const model::AttributeColumn* attribute = nullptr;
  const model::Chunk* chunk = nullptr;
};

// One thread.
class BlockAttributes {
 public:
  explicit BlockAttributes(const ScanPlan& plan) : plan_(plan), by_column_(plan.columns.size()) {}

  // From here on, attributes are those of `block`.
  void Start(const model::Block& block);

  // The block's columns of the key that `column` shows, one for each type, in the order of the
  // block.
  std::span<const model::AttributeColumn* const> Of(std::size_t column);
  // Where all values of the key in the chunk are in one column: that one. Else nothing is set.
  AttributeSource Only(std::size_t column, std::uint32_t chunk);

  // The values of one key as SQL shows them.
  void FillKey(std::size_t column, const ChunkRows& rows, duckdb::Vector& out);
  // All keys of each row as MAP.
  void FillMap(const ChunkRows& rows, duckdb::Vector& out);

 private:
  using Columns = std::vector<const model::AttributeColumn*>;
  struct OfColumn {
    bool known = false;
    Columns attributes;
  };

  const ScanPlan& plan_;
  const model::Block* block_ = nullptr;
  std::vector<OfColumn> by_column_;  // of the plan
  Columns sorted_;                   // all, by key, as a MAP shows them
  bool sorted_known_ = false;
};

}  // namespace strata::duck
