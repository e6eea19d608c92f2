#include "wire/json_number.h"

#include <charconv>
#include <cmath>

#include "model/any.h"

namespace strata::wire {

void AppendJsonDouble(std::string& out, double value) {
  // Beyond it, shortest decimals may be integers that JSON parsers read as integers too large.
  constexpr double kIntegersMax = 1e15;
  if (!std::isfinite(value)) {
    out += '"';
    model::AppendDouble(out, value);
    out += '"';
  } else if (value == 0) {
    // As integers, both zeros would read as the same.
    out += std::signbit(value) ? "-0.0" : "0";
  } else if (std::abs(value) < kIntegersMax) {
    model::AppendDouble(out, value);
  } else {
    char digits[32];
    out.append(
        digits,
        std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific).ptr);
  }
}

}  // namespace strata::wire
