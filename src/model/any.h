// How an OTLP AnyValue is kept: a type and a text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace strata::model {

// The letters are stored in parts (attributes_rest_types, body_type) and in the cells of
// model/cell.h.
enum class AnyType : char {
  kString = 's',  // the text itself
  kBool = 'b',    // true, false
  kInt = 'i',     // decimal
  kDouble = 'd',  // shortest decimal that reads back as the same double; NaN, Infinity, -Infinity
  kBytes = 'y',   // base64, standard alphabet, padded
  kArray = 'a',   // canonical OTLP JSON of the ArrayValue: {"values":[{"stringValue":"x"},…]}
  kMap = 'm',     // canonical OTLP JSON of the KeyValueList: {"values":[{"key":"k","value":{…}},…]}
  kEmpty = 'n',   // an AnyValue without a value
};

constexpr bool IsKnownAnyType(char letter) {
  return std::string_view("sbidyamn").find(letter) != std::string_view::npos;
}

// One value on its way into a block. Numbers travel as numbers, everything else as text.
struct AnyValue {
  AnyType type = AnyType::kEmpty;
  std::string_view text;     // kString, kBytes (already base64), kArray, kMap (already JSON)
  std::int64_t integer = 0;  // kInt; kBool as 0 or 1
  double number = 0;         // kDouble
};

// Appends the value's text as kept. Doubles: shortest decimal, "NaN", "Infinity", "-Infinity".
void AppendText(std::string& out, const AnyValue& value);
void AppendDouble(std::string& out, double value);
void AppendInteger(std::string& out, std::int64_t value);

}  // namespace strata::model
