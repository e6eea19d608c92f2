#include "model/any.h"

#include <charconv>
#include <cmath>

#include "base/check.h"

namespace strata::model {

void AppendDouble(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "Infinity" : "-Infinity";
  } else {
    char digits[32];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
}

void AppendInteger(std::string& out, std::int64_t value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void AppendText(std::string& out, const AnyValue& value) {
  switch (value.type) {
    case AnyType::kString:
    case AnyType::kBytes:
    case AnyType::kArray:
    case AnyType::kMap:
      out += value.text;
      return;
    case AnyType::kBool:
      out += value.integer != 0 ? "true" : "false";
      return;
    case AnyType::kInt:
      AppendInteger(out, value.integer);
      return;
    case AnyType::kDouble:
      AppendDouble(out, value.number);
      return;
    case AnyType::kEmpty:
      return;
  }
  CHECK(false);
}

}  // namespace strata::model
