#include "wal/segment.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/crc32c.h"
#include "base/fault_point.h"
#include "os/aligned_buffer.h"

namespace strata::wal {
namespace {

constexpr std::uint64_t kHeaderMagic = 0x4C57415441525453;   // "STRATAWL"
constexpr std::uint64_t kTrailerMagic = 0x5446415441525453;  // "STRATAFT"
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kIntervalSync = 1;
constexpr std::size_t kNumberDigits = 20;
constexpr std::size_t kEntryHeaderFrom = 8;  // of a frame header, what an entry keeps

static_assert(kHeaderCopyOffset % 512 == 0, "the copies stand in different sectors");
static_assert(8 + kFrameHeaderBytes - kEntryHeaderFrom == kFooterEntryBytes);

Error Corrupt(std::string what) {
  return {Code::kCorrupt, std::move(what)};
}

std::string Numbered(std::uint64_t number) {
  std::string digits = std::to_string(number);
  return std::string(kNumberDigits - digits.size(), '0') + digits;
}

std::optional<std::uint64_t> NumberBetween(std::string_view name, std::string_view before,
                                           std::string_view after) {
  if (name.size() != before.size() + kNumberDigits + after.size()) return std::nullopt;
  if (!name.starts_with(before) || !name.ends_with(after)) return std::nullopt;
  const std::string_view digits = name.substr(before.size(), kNumberDigits);
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failed != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

Result<SegmentHeader> DecodeHeader(ByteSpan bytes) {
  if (LoadLe<std::uint64_t>(bytes) != kHeaderMagic) return Corrupt("no segment magic");
  if (LoadLe<std::uint32_t>(bytes.subspan(12)) !=
      Crc32c(bytes.subspan(16, kSegmentHeaderBytes - 16))) {
    return Corrupt("segment header checksum mismatch");
  }
  if (LoadLe<std::uint32_t>(bytes.subspan(8)) != kVersion) {
    return Corrupt("unknown segment version");
  }
  const auto flags = LoadLe<std::uint32_t>(bytes.subspan(44));
  if (flags > kIntervalSync) return Corrupt("unknown segment flags");
  return SegmentHeader{.number = LoadLe<std::uint64_t>(bytes.subspan(16)),
                       .log_id = {.low = LoadLe<std::uint64_t>(bytes.subspan(24)),
                                  .high = LoadLe<std::uint64_t>(bytes.subspan(32))},
                       .salt = LoadLe<std::uint32_t>(bytes.subspan(40)),
                       .interval_sync = flags == kIntervalSync,
                       .created_ns = LoadLe<std::int64_t>(bytes.subspan(48)),
                       .first_position = LoadLe<std::uint64_t>(bytes.subspan(56))};
}

// Reads `size` bytes at `offset` of a file that may want aligned reads.
Result<Bytes> ReadRange(const os::File& file, std::uint64_t offset, std::uint64_t size) {
  const std::uint64_t from = offset / kBlockBytes * kBlockBytes;
  os::AlignedBuffer buffer(offset - from + size);
  ASSIGN_OR_RETURN(const std::size_t read, file.ReadAt(from, buffer.span()));
  if (read < offset - from + size) return Corrupt("file is too short");
  const auto begin = buffer.data() + (offset - from);
  return Bytes(begin, begin + size);
}

}  // namespace

std::string SegmentName(std::uint64_t number) {
  return Numbered(number) + ".wal";
}

std::string SpareName(std::uint64_t number) {
  return "spare-" + Numbered(number) + ".wal";
}

std::optional<std::uint64_t> SegmentNumberOf(std::string_view name) {
  return NumberBetween(name, "", ".wal");
}

std::optional<std::uint64_t> SpareNumberOf(std::string_view name) {
  return NumberBetween(name, "spare-", ".wal");
}

void EncodeHeaderBlock(const SegmentHeader& header, std::span<std::byte> out) {
  CHECK(out.size() == kBlockBytes);
  std::ranges::fill(out, std::byte{0});
  StoreLe(out, kHeaderMagic);
  StoreLe(out.subspan(8), kVersion);
  StoreLe(out.subspan(16), header.number);
  StoreLe(out.subspan(24), header.log_id.low);
  StoreLe(out.subspan(32), header.log_id.high);
  StoreLe(out.subspan(40), header.salt);
  StoreLe(out.subspan(44), header.interval_sync ? kIntervalSync : 0U);
  StoreLe(out.subspan(48), header.created_ns);
  StoreLe(out.subspan(56), header.first_position);
  StoreLe(out.subspan(12), Crc32c(ByteSpan(out).subspan(16, kSegmentHeaderBytes - 16)));
  std::ranges::copy(out.first(kSegmentHeaderBytes), out.subspan(kHeaderCopyOffset).begin());
}

Result<SegmentHeader> DecodeHeaderBlock(ByteSpan block, bool* damaged) {
  if (block.size() < kBlockBytes) return Corrupt("short segment header");
  auto first = DecodeHeader(block);
  auto second = DecodeHeader(block.subspan(kHeaderCopyOffset));
  if (!first && !second) return first;
  const SegmentHeader& header = first ? *first : *second;
  Bytes whole(kBlockBytes);
  EncodeHeaderBlock(header, whole);
  *damaged = AsText(whole) != AsText(block.first(kBlockBytes));
  return header;
}

void AppendFooterEntry(std::uint64_t offset, ByteSpan header, Bytes& entries) {
  const std::size_t at = entries.size();
  entries.resize(at + kFooterEntryBytes);
  const auto out = std::span(entries).subspan(at);
  StoreLe(out, offset);
  std::ranges::copy(header.subspan(kEntryHeaderFrom, kFrameHeaderBytes - kEntryHeaderFrom),
                    out.subspan(8).begin());
}

Result<FooterEntry> DecodeFooterEntry(ByteSpan bytes) {
  // An entry is a frame header without magic and checksum: put them back and use the one decoder.
  std::array<std::byte, kFrameHeaderBytes> header{};
  std::ranges::copy(bytes.subspan(8, kFrameHeaderBytes - kEntryHeaderFrom),
                    header.begin() + kEntryHeaderFrom);
  StoreLe(std::span(header), kFrameMagic);
  StoreLe(std::span(header).subspan(4), Crc32c(ByteSpan(header).subspan(kEntryHeaderFrom)));
  ASSIGN_OR_RETURN(const FrameHeader decoded, DecodeFrameHeader(header, 0));
  return FooterEntry{.offset = LoadLe<std::uint64_t>(bytes), .header = decoded};
}

Bytes EncodeFooter(const SegmentHeader& header, Footer footer, const Bytes& entries) {
  CHECK(footer.entries_offset % kBlockBytes == 0 && entries.size() % kFooterEntryBytes == 0);
  Bytes bytes = entries;
  bytes.resize(FooterBytes(entries.size() / kFooterEntryBytes));
  const auto out = std::span(bytes).last(kTrailerBytes);
  StoreLe(out, kTrailerMagic);
  StoreLe(out.subspan(8), kVersion);
  StoreLe(out.subspan(16), header.number);
  StoreLe(out.subspan(24), footer.entries_offset);
  StoreLe(out.subspan(32), std::uint64_t{entries.size() / kFooterEntryBytes});
  StoreLe(out.subspan(40), footer.last);
  StoreLe(out.subspan(48), footer.frames_end);
  StoreLe(out.subspan(56), Crc32c(entries, header.salt));
  StoreLe(out.subspan(64), footer.first);
  StoreLe(out.subspan(12), Crc32c(ByteSpan(out).subspan(16), header.salt));
  return bytes;
}

Result<Footer> DecodeTrailer(ByteSpan trailer, const SegmentHeader& header,
                             std::uint64_t file_bytes) {
  if (trailer.size() < kTrailerBytes) return Corrupt("short trailer");
  if (LoadLe<std::uint64_t>(trailer) != kTrailerMagic) return Corrupt("no trailer magic");
  if (LoadLe<std::uint32_t>(trailer.subspan(12)) !=
      Crc32c(trailer.subspan(16, kTrailerBytes - 16), header.salt)) {
    return Corrupt("trailer checksum mismatch");
  }
  if (LoadLe<std::uint32_t>(trailer.subspan(8)) != kVersion) {
    return Corrupt("unknown trailer version");
  }
  if (LoadLe<std::uint64_t>(trailer.subspan(16)) != header.number) {
    return Corrupt("trailer of another segment");
  }
  const Footer footer{.entries_offset = LoadLe<std::uint64_t>(trailer.subspan(24)),
                      .entries = LoadLe<std::uint64_t>(trailer.subspan(32)),
                      .first = LoadLe<std::uint64_t>(trailer.subspan(64)),
                      .last = LoadLe<std::uint64_t>(trailer.subspan(40)),
                      .frames_end = LoadLe<std::uint64_t>(trailer.subspan(48)),
                      .entries_checksum = LoadLe<std::uint32_t>(trailer.subspan(56))};
  const bool fits = footer.entries_offset < file_bytes &&
                    footer.entries <= (file_bytes - footer.entries_offset) / kFooterEntryBytes &&
                    footer.frames_end <= footer.entries_offset &&
                    footer.frames_end >= kFirstGroupOffset;
  if (!fits) return Corrupt("trailer does not fit the file");
  return footer;
}

Result<SegmentHeader> ReadSegmentHeader(const os::File& file, bool* damaged) {
  ASSIGN_OR_RETURN(const Bytes block, ReadRange(file, 0, kBlockBytes));
  return DecodeHeaderBlock(block, damaged);
}

Result<Footer> ReadFooter(const os::File& file, const SegmentHeader& header) {
  ASSIGN_OR_RETURN(const std::uint64_t file_bytes, file.Size());
  if (file_bytes < kBlockBytes + kTrailerBytes) return Corrupt("file is too short");
  ASSIGN_OR_RETURN(const Bytes trailer, ReadRange(file, file_bytes - kTrailerBytes, kTrailerBytes));
  return DecodeTrailer(trailer, header, file_bytes);
}

Result<std::vector<FooterEntry>> ReadFooterEntries(const os::File& file,
                                                   const SegmentHeader& header,
                                                   const Footer& footer) {
  ASSIGN_OR_RETURN(const Bytes bytes,
                   ReadRange(file, footer.entries_offset, footer.entries * kFooterEntryBytes));
  if (Crc32c(bytes, header.salt) != footer.entries_checksum) {
    return Corrupt("footer entries checksum mismatch");
  }
  std::vector<FooterEntry> entries;
  entries.reserve(footer.entries);
  for (std::size_t at = 0; at < bytes.size(); at += kFooterEntryBytes) {
    ASSIGN_OR_RETURN(const FooterEntry entry, DecodeFooterEntry(ByteSpan(bytes).subspan(at)));
    entries.push_back(entry);
  }
  return entries;
}

Status WriteFooter(os::File& file, const SegmentHeader& header, const Bytes& entries,
                   PositionRange range, std::uint64_t frames_end, std::uint64_t segment_bytes) {
  const std::uint64_t size = FooterBytes(entries.size() / kFooterEntryBytes);
  const std::uint64_t earliest = AlignUp(frames_end, kBlockBytes);
  // A full segment keeps its size, so that it can be used again as it is.
  const bool full = frames_end >= segment_bytes / 4 * 3 && segment_bytes > size;
  const std::uint64_t at = full ? std::max(earliest, segment_bytes - size) : earliest;
  const bool any = !range.empty();
  const Bytes footer = EncodeFooter(header,
                                    {.entries_offset = at,
                                     .first = any ? range.first : 0,
                                     .last = any ? range.last : 0,
                                     .frames_end = frames_end},
                                    entries);
  os::AlignedBuffer buffer(footer.size());
  std::ranges::copy(footer, buffer.data());
  RETURN_IF_ERROR(file.WriteAt(at, ByteSpan(buffer.span()).first(footer.size())));
  FaultPoint<"wal.footer.written">();
  ASSIGN_OR_RETURN(const std::uint64_t file_bytes, file.Size());
  if (file_bytes != at + footer.size()) RETURN_IF_ERROR(file.Truncate(at + footer.size()));
  return file.Sync();
}

}  // namespace strata::wal
