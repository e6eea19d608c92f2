// Payload of a `define` frame: the ids that frames use, and the names behind them.
//
//   offset  size  field
//        0     4  namespace id
//        4     4  collection id
//        8     1  kind
//        9     1  version, 1
//       10     2  bytes of the namespace's name, 1 .. 255
//       12     2  bytes of the collection's name, 1 .. 255
//       14     2  zero
//       16     n  both names, UTF-8, one after the other
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace strata::wal {

struct Define {
  std::uint32_t namespace_id = 0;
  std::uint32_t collection_id = 0;
  std::uint8_t kind = 0;
  std::string namespace_name;
  std::string collection_name;
  bool operator==(const Define&) const = default;
};

// Requires: both names have 1 .. 255 bytes.
Bytes EncodeDefine(const Define& define);
Result<Define> DecodeDefine(ByteSpan payload);

}  // namespace strata::wal
