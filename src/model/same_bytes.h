// SameBytes: memcmp for the short strings of telemetry (keys, labels), inlined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace strata::model {

namespace same_bytes_internal {

template <class Word>
bool Differ(const char* a, const char* b) {
  Word x;
  Word y;
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, b, sizeof y);
  return x != y;
}

}  // namespace same_bytes_internal

inline bool SameBytes(std::string_view left, std::string_view right) {
  using same_bytes_internal::Differ;
  const std::size_t size = left.size();
  if (size != right.size()) return false;
  const char* a = left.data();
  const char* b = right.data();
  if (size > 32) return std::memcmp(a, b, size) == 0;
  // Two words that overlap cover every length between one and two of them.
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) {
      if (Differ<std::uint64_t>(a + at, b + at)) return false;
    }
    return !Differ<std::uint64_t>(a + size - 8, b + size - 8);
  }
  if (size >= 4) {
    return !Differ<std::uint32_t>(a, b) && !Differ<std::uint32_t>(a + size - 4, b + size - 4);
  }
  for (std::size_t at = 0; at < size; ++at) {
    if (a[at] != b[at]) return false;
  }
  return true;
}

}  // namespace strata::model
