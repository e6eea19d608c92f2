// The index of a carry file: which frames are in it, in a file of its own beside it. When frames do
// not read back, or the file is gone, it says exactly what is missing.
//
//   offset  size  field
//        0     8  magic      "STRATACI"
//        8     4  version    1
//       12     4  checksum   CRC-32C of all that follows
//       16     8  number     as in the name
//       24     8  through    as in the carry file
//       32     4  salt       as in the carry file
//       36     4  reserved   zero
//       40        entries, ascending by position:
//                 u64 position, u32 collection, u32 records
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/collection.h"
#include "wal/frame.h"

namespace strata::store {

struct CarryEntry {
  wal::Position position = 0;
  model::CollectionId collection = 0;
  std::uint32_t records = 0;
  bool operator==(const CarryEntry&) const = default;
};

struct CarryIndex {
  std::uint64_t number = 0;
  wal::Position through = 0;
  std::uint32_t salt = 0;
  std::vector<CarryEntry> entries;
  bool operator==(const CarryIndex&) const = default;
};

inline constexpr std::uint64_t kCarryIndexBytesMax = 1_GiB;

Bytes EncodeCarryIndex(const CarryIndex& index);
// kCorrupt: the bytes are not what was written. `number` is that of the name.
Result<CarryIndex> DecodeCarryIndex(ByteSpan bytes, std::uint64_t number);

// "00000000000000000003.index"
std::string CarryIndexName(std::uint64_t number);
std::optional<std::uint64_t> CarryIndexNumberOf(std::string_view name);

}  // namespace strata::store
