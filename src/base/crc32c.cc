#include "base/crc32c.h"

#include <nmmintrin.h>

namespace strata {

// One stream: 8-9 GB/s, a tenth of what the rest of a frame's way costs, so no interleaving.
std::uint32_t Crc32c(ByteSpan bytes, std::uint32_t seed) {
  std::uint64_t crc = ~seed;
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    crc = _mm_crc32_u64(crc, word);
  }
  auto tail = static_cast<std::uint32_t>(crc);
  for (; left > 0; --left, ++at) tail = _mm_crc32_u8(tail, *at);
  return ~tail;
}

}  // namespace strata
