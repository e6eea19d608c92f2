// Cells (model/cell.h) to nested DuckDB vectors and back. Internal to module duck.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "duck/view.h"
#include "duckdb/common/types/vector.hpp"
#include "model/any.h"

namespace strata::duck {

// View: what SQL shows (ids as hex, attribute texts plain). Part: what parts keep (ids as bytes,
// attribute texts as they are, their types beside them).
enum class Shape : std::uint8_t { kView, kPart };

struct TypedEntry {
  std::string_view key;
  model::AnyType type = model::AnyType::kEmpty;
  std::string_view text;
};

// Appends rows to a flat MAP(VARCHAR, VARCHAR) vector, and the types' letters to a VARCHAR vector
// when there is one (Shape::kPart). Entries of a row come with ascending keys.
class MapAppender {
 public:
  MapAppender(duckdb::Vector& map, duckdb::Vector* types, Shape shape);
  void BeginRow(duckdb::idx_t row);
  void Add(const TypedEntry& entry);
  void EndRow();
  void NullRow(duckdb::idx_t row);

 private:
  void Grow();

  duckdb::Vector& map_;
  duckdb::Vector* types_;
  const Shape shape_;
  duckdb::idx_t row_ = 0;
  duckdb::idx_t begin_ = 0;
  duckdb::idx_t size_;
  duckdb::idx_t capacity_;
  std::string letters_;
  std::string scratch_;
};

// Row i of the result is made from cells[i]; nullopt is NULL. `types`: for CellType::kAttributes in
// a part, the vector of letters.
using CellList = std::vector<std::optional<std::string_view>>;
void CellsToVector(CellType type, const CellList& cells, Shape shape, duckdb::Vector& out,
                   duckdb::Vector* types = nullptr);

// The cell of row `row` of a vector of PartCellType(type); nullopt where it is NULL. `types` as
// above.
std::optional<std::string> CellFromVector(CellType type, duckdb::Vector& vector, duckdb::idx_t row,
                                          duckdb::idx_t count, duckdb::Vector* types = nullptr);

// Lower-case hex of `bytes` as a string in `out`'s heap.
duckdb::string_t HexString(duckdb::Vector& out, std::string_view bytes);

}  // namespace strata::duck
