// A segment's file: its names, its header block and its footer. docs/formats/wal.md has the
// reasons.
//
//   file    := header block (4 KiB) group* [anything] [footer]
//   group   := frame*, starts at a multiple of 4 KiB, zeros up to the next
//   footer  := entry* [zeros] trailer, the trailer being the last 72 bytes of the file
//
// Header, 128 bytes, twice: at 0 and at 2048 of the block; the rest of the block is zero.
//        0     8  magic            "STRATAWL"
//        8     4  version          1
//       12     4  checksum         CRC-32C of bytes 16..127
//       16     8  number           as in the name
//       24    16  log id           of the directory
//       40     4  salt             random for each use of the file
//       44     4  flags            bit 0: written with SyncMode::kInterval
//       48     8  created_ns
//       56     8  first position   when it was chosen (after an unclean start), else 0
//       64    64  reserved         zero
//
// Entry, 128 bytes: u64 offset of the frame, then bytes 8..127 of its header.
//
// Trailer, 72 bytes:
//        0     8  magic            "STRATAFT"
//        8     4  version          1
//       12     4  checksum         CRC-32C of bytes 16..71, seeded with the salt
//       16     8  number
//       24     8  entries offset
//       32     8  entries
//       40     8  last position    of the segment; 0 when it has no frame
//       48     8  frames end       behind the last frame that counts; what follows is none of this
//       log's 56     4  entries checksum CRC-32C, seeded with the salt 60     4  zero 64     8
//       first position   0 when it has no frame
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "os/file_system.h"
#include "wal/frame.h"
#include "wal/report.h"

namespace strata::wal {

inline constexpr std::uint64_t kFirstGroupOffset = kBlockBytes;
inline constexpr std::size_t kSegmentHeaderBytes = 128;
inline constexpr std::size_t kHeaderCopyOffset = 2048;
inline constexpr std::size_t kFooterEntryBytes = 128;
inline constexpr std::size_t kTrailerBytes = 72;
inline constexpr std::string_view kLockName = "LOCK";
inline constexpr std::string_view kCursorsName = "cursors";
inline constexpr std::string_view kQuarantineName = "quarantine";

// "00000000000000000007.wal"
std::string SegmentName(std::uint64_t number);
std::string SpareName(std::uint64_t number);
std::optional<std::uint64_t> SegmentNumberOf(std::string_view name);
std::optional<std::uint64_t> SpareNumberOf(std::string_view name);

struct SegmentHeader {
  std::uint64_t number = 0;
  Hash128 log_id;
  std::uint32_t salt = 0;
  bool interval_sync = false;
  std::int64_t created_ns = 0;
  // Of the process that wrote the segment, when positions were left out before it; else 0.
  Position first_position = 0;
  bool operator==(const SegmentHeader&) const = default;
};

// The whole header block. Requires: out.size() == kBlockBytes.
void EncodeHeaderBlock(const SegmentHeader& header, std::span<std::byte> out);
// From either copy. `damaged` is set when the other one does not agree.
Result<SegmentHeader> DecodeHeaderBlock(ByteSpan block, bool* damaged);

// Of a footer with so many entries.
constexpr std::uint64_t FooterBytes(std::uint64_t entries) {
  return AlignUp(entries * kFooterEntryBytes + kTrailerBytes, kBlockBytes);
}

struct Footer {
  std::uint64_t entries_offset = 0;
  std::uint64_t entries = 0;
  Position first = 0;
  Position last = 0;
  std::uint64_t frames_end = kFirstGroupOffset;
  std::uint32_t entries_checksum = 0;
};

// Appends one frame's entry. Requires: `header` is an encoded frame header.
void AppendFooterEntry(std::uint64_t offset, ByteSpan header, Bytes& entries);

struct FooterEntry {
  std::uint64_t offset = 0;
  FrameHeader header;
};
// Requires: bytes.size() >= kFooterEntryBytes. The entry is covered by Footer::entries_checksum and
// has no checksum of its own.
Result<FooterEntry> DecodeFooterEntry(ByteSpan bytes);

// Entries, padding and trailer as they are written at `footer.entries_offset`, which must be a
// multiple of kBlockBytes; the size is one, too. Fills in the checksum.
Bytes EncodeFooter(const SegmentHeader& header, Footer footer, const Bytes& entries);
// From the last kTrailerBytes of a file of `file_bytes`.
Result<Footer> DecodeTrailer(ByteSpan trailer, const SegmentHeader& header,
                             std::uint64_t file_bytes);

// The header of an open segment file, direct or not.
Result<SegmentHeader> ReadSegmentHeader(const os::File& file, bool* damaged);
// The footer, when the segment was closed in order. kCorrupt: it was not.
Result<Footer> ReadFooter(const os::File& file, const SegmentHeader& header);
// The entries, checksum verified.
Result<std::vector<FooterEntry>> ReadFooterEntries(const os::File& file,
                                                   const SegmentHeader& header,
                                                   const Footer& footer);

// Closes a segment that holds the positions `range` (empty: none): writes the footer behind
// `frames_end`, and gives back what the file does not need when most of it is empty. Durable when
// it returns success. Requires: `file` is direct-sync or buffered; nobody else writes it.
Status WriteFooter(os::File& file, const SegmentHeader& header, const Bytes& entries,
                   PositionRange range, std::uint64_t frames_end, std::uint64_t segment_bytes);

}  // namespace strata::wal
