// Which C++ type the values of a fixed-width column have. Internal to module duck.
#pragma once

#include <cstdint>

#include "base/check.h"
#include "model/schema.h"

namespace strata::duck {

// Calls f with a value of the physical type of columns of `type`. Requires: they are numbers, times
// or truths; not texts, not ids.
template <class F>
void WithFixedType(model::ColumnType type, F f) {
  using model::ColumnType;
  switch (type) {
    case ColumnType::kTime:
    case ColumnType::kInt64:
      return f(std::int64_t{});
    case ColumnType::kUint64:
      return f(std::uint64_t{});
    case ColumnType::kInt32:
      return f(std::int32_t{});
    case ColumnType::kUint32:
      return f(std::uint32_t{});
    case ColumnType::kUint8:
    case ColumnType::kBool:
      return f(std::uint8_t{});
    case ColumnType::kDouble:
      return f(double{});
    default:
      CHECK(false);
  }
}

}  // namespace strata::duck
