// One record of a manifest file. Integers are little-endian. docs/formats/manifest.md has the why.
//
//   offset  size  field       meaning
//        0     4  magic       "SMAN"
//        4     4  checksum    CRC-32C of everything after this field, padding excluded
//        8     4  length      payload bytes, 0 .. kRecordPayloadMax
//       12     1  version     1
//       13     1  type        RecordType
//       14     2  reserved    zero
//       16     8  generation  of the file, as in its name
//       24     8  sequence    of the edit; of a checkpoint: of the last edit that it contains
//       32     n  payload     an edit (store/manifest_edit.h)
//
// Records stand at multiples of 8; zeros fill the gaps.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace strata::store {

enum class RecordType : std::uint8_t {
  kCheckpoint = 1,  // the first record of a file, and only that one
  kEdit = 2,
};

inline constexpr std::size_t kRecordHeaderBytes = 32;
inline constexpr std::size_t kRecordAlignment = 8;
inline constexpr std::uint32_t kRecordPayloadMax = 1U << 30;
inline constexpr std::uint32_t kRecordMagic = 0x4E414D53;  // "SMAN"

// Borrows the payload from the bytes it was decoded from.
struct Record {
  RecordType type = RecordType::kEdit;
  std::uint64_t generation = 0;
  std::uint64_t sequence = 0;
  ByteSpan payload;

  // With the padding behind it.
  std::size_t SizeBytes() const {
    return (kRecordHeaderBytes + payload.size() + kRecordAlignment - 1) / kRecordAlignment *
           kRecordAlignment;
  }
};

// With its padding. Requires: the payload has at most kRecordPayloadMax bytes.
Bytes EncodeRecord(const Record& record);

// The record at the front of `bytes`; the padding may be missing. kCorrupt names what is wrong
// with the bytes; kInvalidInput what this version does not know in a record whose checksum fits.
Result<Record> DecodeRecord(ByteSpan bytes);

}  // namespace strata::store
