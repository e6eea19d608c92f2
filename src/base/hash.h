// Hashes that may be stored: XXH3, 64 and 128 bits (https://github.com/Cyan4973/xxHash, stable
// since 0.8.0). Not for secrets.
#pragma once

#include <compare>
#include <cstdint>

#include "base/bytes.h"

namespace strata {

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  auto operator<=>(const Hash128&) const = default;
  bool IsZero() const { return low == 0 && high == 0; }
};

std::uint64_t Hash64(ByteSpan bytes, std::uint64_t seed = 0);
Hash128 HashOf(ByteSpan bytes, std::uint64_t seed = 0);

}  // namespace strata
