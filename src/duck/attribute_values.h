// How a block holds attributes of its rows: values in columns, and cells. Internal to module duck.
#pragma once

#include <cstdint>
#include <string_view>

#include "duck/nested.h"
#include "model/block.h"
#include "model/cell.h"

namespace strata::duck {

// True where the row of an attribute column is set.
inline bool AttributeIsSet(const model::Chunk& chunk, std::uint32_t row) {
  if (chunk.encoding == model::Chunk::Encoding::kCodes) {
    return chunk.values<std::uint16_t>()[row] != 0;
  }
  return chunk.IsValid(row);
}

// The value of a set row of a column of texts, where the block has it.
inline const model::Text& StoredText(const model::Column& column, const model::Chunk& chunk,
                                     std::uint32_t row) {
  return chunk.encoding == model::Chunk::Encoding::kFlat
             ? chunk.values<model::Text>()[row]
             : column.dictionary()->entries()[chunk.values<std::uint16_t>()[row]];
}

// The text of a set value of an attribute column; `buffer` may hold it. Texts of strings, short
// ones too, point into the block.
std::string_view AttributeText(const model::AttributeColumn& attribute, const model::Chunk& chunk,
                               std::uint32_t row, char (&buffer)[40]);

// Walks the entries of an attribute cell (model/cell.h), by key ascending. An empty cell has none.
class EntryReader {
 public:
  explicit EntryReader(std::string_view cell)
      : cell_(cell), left_(cell.empty() ? 0 : cell_.Varint()) {}

  // False: there are no more, and `entry` is as it was.
  bool Next(TypedEntry& entry) {
    if (left_ == 0) return false;
    --left_;
    entry.type = static_cast<model::AnyType>(cell_.Byte());
    entry.key = cell_.String();
    entry.text = cell_.String();
    return true;
  }

 private:
  model::CellReader cell_;
  std::uint64_t left_;
};

// The entry of `key` in an attribute cell; false: it has none.
bool FindInCell(std::string_view cell, std::string_view key, TypedEntry& found);

}  // namespace strata::duck
