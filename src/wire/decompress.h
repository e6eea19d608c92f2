// The one decoder of compressed bodies, for every protocol and transport. It counts decoded bytes
// while it decodes and stops at the limit; sizes that a body declares about itself are at most a
// hint for the first allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"

namespace strata::wire {

enum class ContentCoding : std::uint8_t {
  kIdentity,
  kGzip,     // RFC 1952, any number of members
  kDeflate,  // RFC 1950 (zlib), as RFC 9110 defines the name
  kZstd,     // RFC 8878, any number of frames
};

// The coding of a Content-Encoding or grpc-encoding value, without case; "" is identity. nullopt:
// unknown, or a list of several.
std::optional<ContentCoding> ContentCodingFromName(std::string_view name);

// `body` as it was before it was encoded; identity hands it back. More than `limit` decoded bytes:
// kTooLarge. Damaged, cut off, or followed by other bytes: kInvalidInput. Thread-safe. Memory: the
// body, the result (at most `limit` and what doubling adds), 100 KiB for gzip, and for zstd without
// a declared size one window of at most the limit or 8 MiB, whichever is more.
Result<Buffer> Decompress(ContentCoding coding, Buffer body, std::size_t limit);

}  // namespace strata::wire
