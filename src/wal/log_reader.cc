#include "wal/log_reader.h"

#include <algorithm>
#include <utility>

namespace strata::wal {

// Which positions were handed over, and which of the range are missing.
class LogReader::Progress {
 public:
  Progress(PositionRange range, const std::vector<PositionRange>& skipped)
      : range_(range), expected_(range.first), skipped_(skipped) {}

  bool Wants(Position position) const { return position >= expected_ && position <= range_.last; }
  bool Done(Position position) const { return position > range_.last; }
  Position expected() const { return expected_; }

  void Deliver(Position position, std::uint64_t payload_bytes) {
    Lose(position);
    expected_ = position + 1;
    ++outcome_.frames;
    outcome_.bytes += payload_bytes;
  }
  ReadOutcome Finish() {
    Lose(range_.last + 1);
    return std::move(outcome_);
  }

 private:
  // Everything from expected_ up to `until` is missing, but for what was never given away.
  void Lose(Position until) {
    while (expected_ < until) {
      Position end = until;
      bool lost = true;
      for (const PositionRange& gap : skipped_) {
        if (gap.first <= expected_ && expected_ <= gap.last) {
          lost = false;
          end = std::min(end, gap.last + 1);
        } else if (gap.first > expected_) {
          end = std::min(end, gap.first);
        }
      }
      if (lost) outcome_.lost.push_back({.first = expected_, .last = end - 1});
      expected_ = end;
    }
  }

  const PositionRange range_;
  Position expected_;
  const std::vector<PositionRange>& skipped_;
  ReadOutcome outcome_;
};

Result<std::unique_ptr<os::File>> LogReader::OpenSegment(const SegmentSnapshot& segment) const {
  // Past the page cache, as it is written: what is cached cannot be stale, and stays for others.
  const auto mode =
      segment.header.interval_sync ? os::WriteMode::kBuffered : os::WriteMode::kDirectSync;
  return files_.Open(directory_ / SegmentName(segment.header.number), {.mode = mode});
}

Result<SegmentReader::Range> LogReader::BeginNear(const os::File& file,
                                                  const SegmentSnapshot& segment, Position from) {
  SegmentReader::Range range{
      .end = segment.frames_end, .after = segment.range.first - 1, .verify_from = from};
  FramePlace best{.position = segment.begin_position, .offset = segment.begin};
  if (!segment.places_known && segment.has_footer && from > segment.range.first) {
    auto footer = ReadFooter(file, segment.header);
    if (footer) {
      if (auto entries = ReadFooterEntries(file, segment.header, *footer)) {
        std::vector<FramePlace> places;
        for (const FooterEntry& entry : *entries) {
          const FramePlace place{.position = entry.header.position, .offset = entry.offset};
          if (places.empty() || place.offset - places.back().offset >= kPlaceEveryBytes) {
            places.push_back(place);
          }
          if (place.position <= from) best = place;
        }
        set_.SetPlaces(segment.header.number, std::move(places));
      }
    }
  }
  if (best.position > segment.range.first && best.offset >= kFirstGroupOffset &&
      best.offset < range.end) {
    range.begin = best.offset;
    range.after = best.position - 1;
  }
  return range;
}

Status LogReader::WalkSegment(const SegmentSnapshot& segment, std::uint64_t batch_bytes,
                              Progress& progress, const BatchVisitor& visit) {
  ASSIGN_OR_RETURN(const auto file, OpenSegment(segment));
  ASSIGN_OR_RETURN(SegmentReader::Range range, BeginNear(*file, segment, progress.expected()));
  range.window_bytes = std::clamp<std::uint64_t>(batch_bytes, 64_KiB, 16_MiB);
  SegmentReader reader(*file, segment.header, range, windows_);
  FrameBatch batch;
  const auto flush = [&]() -> Status {
    if (batch.frames.empty()) return Done{};
    return visit(std::exchange(batch, {}));
  };
  while (true) {
    ASSIGN_OR_RETURN(const Piece piece, reader.Next());
    if (piece.kind == Piece::Kind::kEnd) {
      // Short of the end: the last frames, or at least the padding behind them, are not what they
      // were.
      if (piece.offset < segment.frames_end || reader.last() < segment.range.last) {
        note_({.segment = segment.header.number,
               .offset = piece.offset,
               .bytes = segment.frames_end - piece.offset,
               .lost = {.first = reader.last() + 1, .last = segment.range.last},
               .reason = piece.reason});
      }
      break;
    }
    if (piece.kind == Piece::Kind::kBroken) {
      note_({.segment = segment.header.number,
             .offset = piece.offset,
             .bytes = piece.bytes,
             .lost = piece.lost,
             .reason = piece.reason});
      continue;
    }
    if (progress.Done(piece.header.position) || piece.header.position > segment.range.last) break;
    if (!progress.Wants(piece.header.position)) continue;
    const auto storage = reader.storage();
    if (batch.storage != storage || batch.payload_bytes >= batch_bytes) {
      RETURN_IF_ERROR(flush());
      batch.storage = storage;
    }
    progress.Deliver(piece.header.position, piece.payload.size());
    batch.frames.push_back(
        {.position = piece.header.position, .info = piece.header.info, .payload = piece.payload});
    batch.payload_bytes += piece.payload.size();
  }
  return flush();
}

Result<ReadOutcome> LogReader::Batches(PositionRange range, std::uint64_t batch_bytes,
                                       const BatchVisitor& visit) {
  Progress progress(range, skipped_);
  for (const auto& pin : set_.PinRange(range.first, range.last)) {
    RETURN_IF_ERROR(WalkSegment(*pin, batch_bytes, progress, visit));
  }
  return progress.Finish();
}

Result<bool> LogReader::HeadersFromFooter(const SegmentSnapshot& segment, Progress& progress,
                                          const HeaderVisitor& visit) {
  if (!segment.has_footer) return false;
  ASSIGN_OR_RETURN(const auto file, OpenSegment(segment));
  auto footer = ReadFooter(*file, segment.header);
  if (!footer) {
    if (footer.error().code == Code::kCorrupt) return false;
    return std::move(footer).error();
  }
  auto entries = ReadFooterEntries(*file, segment.header, *footer);
  if (!entries) {
    if (entries.error().code == Code::kCorrupt) return false;
    return std::move(entries).error();
  }
  for (const FooterEntry& entry : *entries) {
    if (!progress.Wants(entry.header.position)) continue;
    progress.Deliver(entry.header.position, 0);
    RETURN_IF_ERROR(visit(entry.header.position, entry.header.info));
  }
  return true;
}

Result<ReadOutcome> LogReader::Headers(PositionRange range, const HeaderVisitor& visit) {
  Progress progress(range, skipped_);
  for (const auto& pin : set_.PinRange(range.first, range.last)) {
    ASSIGN_OR_RETURN(const bool answered, HeadersFromFooter(*pin, progress, visit));
    if (answered) continue;
    const auto visit_batch = [&](FrameBatch&& batch) -> Status {
      for (const FrameView& frame : batch.frames) {
        RETURN_IF_ERROR(visit(frame.position, frame.info));
      }
      return Done{};
    };
    RETURN_IF_ERROR(WalkSegment(*pin, 1_MiB, progress, visit_batch));
  }
  return progress.Finish();
}

}  // namespace strata::wal
