// Text: 16 bytes that point to a string or hold it. The layout is that of DuckDB's string_t
// (duckdb/common/types/string_type.hpp, 1.4), so that a query reads blocks without copying; module
// duck asserts that both agree.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace strata::model {

class Text {
 public:
  static constexpr std::uint32_t kInlineBytes = 12;

  Text() { std::memset(this, 0, sizeof *this); }

  // Up to kInlineBytes are copied into the value; longer text stays where it is and must outlive it.
  explicit Text(std::string_view text) {
    const auto length = static_cast<std::uint32_t>(text.size());
    std::memset(this, 0, sizeof *this);
    value_.inlined.length = length;
    if (length <= kInlineBytes) {
      if (length != 0) std::memcpy(value_.inlined.bytes, text.data(), length);
    } else {
      std::memcpy(value_.pointer.prefix, text.data(), sizeof value_.pointer.prefix);
      value_.pointer.data = text.data();
    }
  }

  std::uint32_t size() const { return value_.inlined.length; }
  bool empty() const { return size() == 0; }
  const char* data() const {
    return size() <= kInlineBytes ? value_.inlined.bytes : value_.pointer.data;
  }
  std::string_view view() const { return {data(), size()}; }

 private:
  union {
    struct {
      std::uint32_t length;
      char prefix[4];
      const char* data;
    } pointer;
    struct {
      std::uint32_t length;
      char bytes[kInlineBytes];
    } inlined;
  } value_;
};

static_assert(sizeof(Text) == 16);

}  // namespace strata::model
