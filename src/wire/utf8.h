// UTF-8 checks of short strings, most of which are ASCII.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <immintrin.h>

namespace strata::wire {

inline bool IsAscii(std::string_view text) {
  const char* at = text.data();
  const std::size_t size = text.size();
  // The last load of each width overlaps the one before it, so that no length needs a loop of
  // bytes.
  if (size >= 16) {
    auto bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + size - 16));
    for (std::size_t i = 0; i + 16 < size; i += 16) {
      bits = _mm_or_si128(bits, _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + i)));
    }
    return _mm_movemask_epi8(bits) == 0;
  }
  if (size >= 4) {
    std::uint32_t words[4];
    const std::size_t middle = size >= 8 ? 4 : 0;
    std::memcpy(&words[0], at, 4);
    std::memcpy(&words[1], at + middle, 4);
    std::memcpy(&words[2], at + size - 4 - middle, 4);
    std::memcpy(&words[3], at + size - 4, 4);
    return ((words[0] | words[1] | words[2] | words[3]) & 0x80808080U) == 0;
  }
  unsigned char bits = 0;
  for (std::size_t i = 0; i < size; ++i) bits |= static_cast<unsigned char>(at[i]);
  return bits < 0x80;
}

// The full check, for text that is not ASCII.
bool ValidateUtf8(std::string_view text);

inline bool IsUtf8(std::string_view text) {
  return IsAscii(text) || ValidateUtf8(text);
}

// The longest prefix of at most `bytes` bytes that ends between characters. Requires: valid UTF-8.
std::string_view TruncateUtf8(std::string_view text, std::size_t bytes);

}  // namespace strata::wire
