#include "duck/attribute_values.h"

#include "duck/plain_json.h"

namespace strata::duck {

std::string_view AttributeText(const model::AttributeColumn& attribute, const model::Chunk& chunk,
                               std::uint32_t row, char (&buffer)[40]) {
  switch (attribute.type) {
    case model::AnyType::kInt:
      return FormatInt(chunk.values<std::int64_t>()[row], buffer);
    case model::AnyType::kDouble:
      return FormatDouble(chunk.values<double>()[row], buffer);
    case model::AnyType::kBool:
      return chunk.values<std::uint8_t>()[row] != 0 ? "true" : "false";
    default:
      return StoredText(*attribute.column, chunk, row).view();
  }
}

bool FindInCell(std::string_view cell, std::string_view key, TypedEntry& found) {
  EntryReader reader(cell);
  while (reader.Next(found)) {
    if (found.key == key) return true;
  }
  return false;
}

}  // namespace strata::duck
