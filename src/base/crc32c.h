// CRC-32C (Castagnoli, RFC 3720 appendix B.4), with the SSE4.2 instruction.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace strata {

// The checksum of `bytes`. `seed` continues from or salts a checksum: Crc32c(b, Crc32c(a)) is the
// checksum of a followed by b, and a random seed makes bytes of another use of a file never
// validate.
std::uint32_t Crc32c(ByteSpan bytes, std::uint32_t seed = 0);

}  // namespace strata
