// The file `cursors`: how far each named consumer is, and how far the log was released.
//
//   offset  size  field
//        0     8  magic "STRATACU"
//        8     4  version, 1
//       12     4  checksum, CRC-32C of all that follows
//       16    16  log id
//       32     8  released through
//       40     4  count
//       44     4  zero
//       48     8  floor: positions up to it were given away, or left out on purpose
//       56        count times: u64 position, u16 bytes of the name, the name
//
// Replaced whole (written beside, synced, renamed, folder synced), so that after a crash it is the
// old one or the new one.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/result.h"
#include "wal/frame.h"

namespace strata::wal {

struct CursorTable {
  Hash128 log_id;
  Position released = 0;  // segments up to here may be gone
  Position floor = 0;     // no position up to here is given away again
  std::map<std::string, Position, std::less<>> cursors;
  bool operator==(const CursorTable&) const = default;

  // Highest position that must have been durable for this table to be written.
  Position Highest() const;
};

inline constexpr std::size_t kConsumerNameBytesMax = 255;
inline constexpr std::size_t kConsumersMax = 4096;
inline constexpr std::uint64_t kCursorFileBytesMax = 2_MiB;

Bytes EncodeCursors(const CursorTable& table);
Result<CursorTable> DecodeCursors(ByteSpan bytes);

}  // namespace strata::wal
