// One frame: what one request became. The log knows bytes and the few numbers below, not records.
// docs/formats/wal.md has the layout of the whole directory and the reasons.
//
//   offset  size  field               meaning
//        0     4  magic               "SFRM"
//        4     4  header checksum     CRC-32C of bytes 8..127, seeded with FrameSeed()
//        8     4  payload checksum    CRC-32C of the payload
//       12     4  payload bytes       0 .. kPayloadBytesMax
//       16     8  position            previous frame's + 1
//       24     8  durable_through     every position up to this was durable when the frame was
//       written 32     8  segment             number of the segment, as in its name 40     8
//       received_ns         wall clock, since 1970 UTC 48     4  namespace id 52     4  collection
//       id 56     4  record count        accepted records 60     4  rejected count 64     8  limits
//       fingerprint  of the limits that decided what was rejected 72    16  request hash        of
//       the payload as it was hashed for dedup; low half first 88    16  idempotency key     hash
//       of the sender's key, zero when there was none
//      104     1  version             1
//      105     1  type                FrameType
//      106     1  kind                opaque here
//      107     1  encoding            opaque here: of the payload, compression included
//      108     1  flags               opaque here
//      109     1  placement           bit 0: first frame of a group, stands at a 4 KiB boundary
//      110    18  reserved            zero
//      128     n  payload
//
// Integers are little-endian. Frames of a group stand at multiples of 8; zeros fill the gaps. Zeros
// are never a frame, and no length is believed before the header's checksum fits.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/result.h"

namespace strata::wal {

// Place of a frame in the log: dense, increasing, never reused. 0 is no position.
using Position = std::uint64_t;

enum class FrameType : std::uint8_t {
  kRecords = 1,  // one request's records
  kDefine = 2,   // maps ids to names (wal/define.h)
};

struct FrameInfo {
  FrameType type = FrameType::kRecords;
  std::uint8_t kind = 0;
  std::uint8_t encoding = 0;
  std::uint8_t flags = 0;
  std::uint32_t namespace_id = 0;
  std::uint32_t collection_id = 0;
  std::uint32_t record_count = 0;
  std::uint32_t rejected_count = 0;
  std::int64_t received_ns = 0;
  std::uint64_t limits_fingerprint = 0;
  Hash128 request_hash;
  Hash128 idempotency_key;
  bool operator==(const FrameInfo&) const = default;
};

// A frame as it was read. Borrows from the buffer it was read into.
struct FrameView {
  Position position = 0;
  FrameInfo info;
  ByteSpan payload;
};

inline constexpr std::size_t kFrameHeaderBytes = 128;
inline constexpr std::size_t kFrameAlignment = 8;
inline constexpr std::size_t kBlockBytes = 4096;  // groups start and end on these
inline constexpr std::uint32_t kPayloadBytesMax = 64U << 20;
inline constexpr std::uint32_t kFrameMagic = 0x4D524653;  // "SFRM"
inline constexpr std::uint8_t kFrameVersion = 1;

// A frame's header with what only the log itself needs.
struct FrameHeader {
  FrameInfo info;
  Position position = 0;
  Position durable_through = 0;
  std::uint64_t segment = 0;
  std::uint32_t payload_bytes = 0;
  std::uint32_t payload_checksum = 0;
  bool first_of_group = false;
  bool operator==(const FrameHeader&) const = default;

  std::size_t SizeBytes() const { return kFrameHeaderBytes + payload_bytes; }
};

// What the checksum of a header begins with that stands at `offset` of a file with this salt. So
// frames of an earlier use of the file do not validate, nor do those that a write carried to
// another place.
constexpr std::uint32_t FrameSeed(std::uint32_t salt, std::uint64_t offset) {
  return salt + static_cast<std::uint32_t>(offset / kFrameAlignment);
}

// Requires: out.size() >= kFrameHeaderBytes.
void EncodeFrameHeader(const FrameHeader& header, std::uint32_t seed, std::span<std::byte> out);

// kCorrupt names the first field that is wrong. The payload is not looked at.
Result<FrameHeader> DecodeFrameHeader(ByteSpan bytes, std::uint32_t seed);

// What FrameHeader::payload_checksum holds.
std::uint32_t PayloadChecksum(ByteSpan payload);

// Header and payload at the front of `bytes`, both checksums verified.
Result<FrameView> DecodeFrame(ByteSpan bytes, std::uint32_t seed);

constexpr std::uint64_t AlignUp(std::uint64_t value, std::uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace strata::wal
