// Frame of the store's small files: u64 magic, u32 version, CRC-32C of all that follows, the body.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace strata::store {

struct CheckedKind {
  std::uint64_t magic;
  std::uint32_t version;
  const char* stranger;  // what a file of another magic is told to be
};

Bytes EncodeChecked(const CheckedKind& kind, ByteSpan body);
// The body. kCorrupt: another magic or version, or not what was written.
Result<ByteSpan> DecodeChecked(const CheckedKind& kind, ByteSpan bytes);

}  // namespace strata::store
