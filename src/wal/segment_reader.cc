#include "wal/segment_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace strata::wal {
namespace {

bool IsZero(ByteSpan bytes) {
  if (bytes.empty()) return true;
  const std::size_t rest = bytes.size() - 1;
  return bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, rest) == 0;
}

}  // namespace

SegmentReader::SegmentReader(const os::File& file, const SegmentHeader& header, const Range& range,
                             WindowPool windows)
    : file_(file),
      header_(header),
      range_(range),
      windows_(std::move(windows)),
      at_(range.begin),
      last_(range.after) {
  CHECK(range.begin % kFrameAlignment == 0);
}

Result<ByteSpan> SegmentReader::Need(std::uint64_t offset, std::uint64_t size) {
  size = offset < range_.end ? std::min(size, range_.end - offset) : 0;
  if (size == 0) return ByteSpan();
  if (offset < window_from_ || offset + size > window_to_) {
    const std::uint64_t from = offset / kBlockBytes * kBlockBytes;
    const std::uint64_t want = AlignUp(
        std::max<std::uint64_t>(offset + size - from,
                                std::min<std::uint64_t>(range_.window_bytes, range_.end - from)),
        kBlockBytes);
    window_ = nullptr;  // payloads that were handed out keep it from being lent again
    window_ = windows_.Take(want);
    window_from_ = window_to_ = from;
    ASSIGN_OR_RETURN(const std::size_t read, file_.ReadAt(from, window_->span().first(want)));
    window_to_ = from + read;
    if (window_to_ <= offset) return ByteSpan();
    size = std::min(size, window_to_ - offset);
  }
  return ByteSpan(window_->span()).subspan(offset - window_from_, size);
}

Result<FrameHeader> SegmentReader::HeaderAt(std::uint64_t offset) {
  ASSIGN_OR_RETURN(const ByteSpan bytes, Need(offset, kFrameHeaderBytes));
  ASSIGN_OR_RETURN(const FrameHeader header,
                   DecodeFrameHeader(bytes, FrameSeed(header_.salt, offset)));
  if (header.segment != header_.number) return Error{Code::kCorrupt, "frame of another segment"};
  if (header.position <= last_) return Error{Code::kCorrupt, "position goes back"};
  if (header.SizeBytes() > range_.end - offset) {
    return Error{Code::kCorrupt, "frame reaches beyond the segment"};
  }
  return header;
}

Piece SegmentReader::Broken(std::uint64_t end, PositionRange lost, std::string reason) {
  Piece piece{.kind = Piece::Kind::kBroken,
              .offset = at_,
              .bytes = end - at_,
              .lost = lost,
              .reason = std::move(reason)};
  at_ = end;
  if (!lost.empty()) last_ = lost.last;
  return piece;
}

Result<bool> SegmentReader::SkipPadding() {
  if (at_ % kBlockBytes == 0) return false;
  const std::uint64_t next = AlignUp(at_, kBlockBytes);
  ASSIGN_OR_RETURN(const ByteSpan padding, Need(at_, next - at_));
  if (!IsZero(padding)) return false;
  at_ = next;
  return true;
}

// Looks behind at_ for a frame that may follow.
Result<Piece> SegmentReader::Resync(std::string reason) {
  std::uint64_t candidate = at_ + kFrameAlignment;
  while (candidate + kFrameHeaderBytes <= range_.end) {
    ASSIGN_OR_RETURN(const ByteSpan bytes, Need(candidate, range_.window_bytes));
    std::size_t i = 0;
    for (; i + kFrameHeaderBytes <= bytes.size(); i += kFrameAlignment) {
      if (LoadLe<std::uint32_t>(bytes.subspan(i)) != kFrameMagic) continue;
      auto header = HeaderAt(candidate + i);
      if (header) {
        return Broken(candidate + i, {.first = last_ + 1, .last = header->position - 1},
                      std::move(reason));
      }
      if (header.error().code != Code::kCorrupt) return std::move(header).error();
      // HeaderAt may not have moved the window: it asks for what is inside.
    }
    if (i == 0) break;  // the file ends
    candidate += i;
  }
  return Piece{.kind = Piece::Kind::kEnd, .offset = at_, .reason = std::move(reason)};
}

Result<Piece> SegmentReader::FrameAt(const FrameHeader& header) {
  if (last_ != 0 && header.position != last_ + 1) {
    // A frame of this segment where another should stand: a write that never reached its place.
    return Broken(at_, {.first = last_ + 1, .last = header.position - 1}, "frames are missing");
  }
  ASSIGN_OR_RETURN(const ByteSpan frame, Need(at_, header.SizeBytes()));
  const PositionRange self{.first = header.position, .last = header.position};
  const std::uint64_t end = at_ + header.SizeBytes();
  if (frame.size() < header.SizeBytes()) {
    Piece piece = Broken(end, self, "short payload");
    piece.header_fits = true;
    piece.header = header;
    return piece;
  }
  const ByteSpan payload = frame.subspan(kFrameHeaderBytes);
  if (header.position >= range_.verify_from &&
      PayloadChecksum(payload) != header.payload_checksum) {
    Piece piece = Broken(AlignUp(end, kFrameAlignment), self, "payload checksum mismatch");
    piece.header_fits = true;
    piece.header = header;
    return piece;
  }
  Piece piece{.kind = Piece::Kind::kFrame,
              .offset = at_,
              .bytes = header.SizeBytes(),
              .header = header,
              .header_bytes = frame.first(kFrameHeaderBytes),
              .payload = payload,
              .header_fits = true};
  last_ = header.position;
  at_ = end;
  return piece;
}

Result<Piece> SegmentReader::Next() {
  // The up to 7 bytes behind a frame.
  if (at_ % kFrameAlignment != 0) {
    const std::uint64_t aligned = AlignUp(at_, kFrameAlignment);
    ASSIGN_OR_RETURN(const ByteSpan gap, Need(at_, aligned - at_));
    if (!IsZero(gap)) return Broken(aligned, {}, "padding is not zero");
    at_ = aligned;
  }
  auto header = HeaderAt(at_);
  if (header) return FrameAt(*header);
  if (header.error().code != Code::kCorrupt) return std::move(header).error();
  ASSIGN_OR_RETURN(const bool skipped, SkipPadding());
  if (!skipped) return Resync(std::move(header).error().message);
  if (at_ >= range_.end) return Piece{.offset = at_, .reason = "end of the segment"};
  return Next();
}

Status CheckFrames(const os::File& file, const SegmentHeader& header, PositionRange positions,
                   std::uint64_t end) {
  SegmentReader reader(file, header, {.end = end});
  Position expected = positions.first;
  while (true) {
    ASSIGN_OR_RETURN(const Piece piece, reader.Next());
    if (piece.kind == Piece::Kind::kEnd) break;
    if (piece.kind != Piece::Kind::kFrame || piece.header.position != expected) {
      return Error{Code::kCorrupt, "what was published does not read back: " + piece.reason};
    }
    ++expected;
  }
  if (expected != positions.last + 1) {
    return Error{Code::kCorrupt, "what was published does not read back"};
  }
  return Done{};
}

}  // namespace strata::wal
