#include "wal/segment_set.h"

#include <algorithm>

namespace strata::wal {

void SegmentSet::AddRecovered(const FoundSegment& found) {
  const MutexLock lock(mutex_);
  entries_.push_back({.header = found.header,
                      .range = found.range,
                      .frames_end = found.frames_end,
                      .file_bytes = found.file_bytes,
                      .written = true,
                      .has_footer = found.closed,
                      .places_known = !found.closed,
                      .places = found.places});
}

void SegmentSet::AddActive(const SegmentHeader& header, std::uint64_t file_bytes) {
  const MutexLock lock(mutex_);
  CHECK(entries_.empty() || entries_.back().header.number < header.number);
  entries_.push_back({.header = header,
                      .range = {},
                      .file_bytes = file_bytes,
                      .places_known = true,
                      .places = {}});
}

SegmentSet::Entry* SegmentSet::Find(std::uint64_t number) {
  const auto found = std::ranges::lower_bound(entries_, number, {},
                                              [](const Entry& e) { return e.header.number; });
  if (found == entries_.end() || found->header.number != number) return nullptr;
  return &*found;
}

void SegmentSet::Advance(std::uint64_t number, PositionRange published, std::uint64_t frames_end,
                         std::optional<FramePlace> place) {
  const MutexLock lock(mutex_);
  Entry* entry = Find(number);
  CHECK(entry != nullptr);
  if (entry->range.empty()) entry->range.first = published.first;
  entry->range.last = published.last;
  entry->frames_end = frames_end;
  if (place) entry->places.push_back(*place);
}

void SegmentSet::MarkWritten(std::uint64_t number, std::uint64_t file_bytes, bool has_footer) {
  const MutexLock lock(mutex_);
  if (Entry* entry = Find(number); entry != nullptr) {
    entry->written = true;
    entry->has_footer = has_footer;
    entry->file_bytes = file_bytes;
  }
}

void SegmentSet::SetPlaces(std::uint64_t number, std::vector<FramePlace> places) {
  const MutexLock lock(mutex_);
  if (Entry* entry = Find(number); entry != nullptr && !entry->places_known) {
    entry->places = std::move(places);
    entry->places_known = true;
  }
}

void SegmentSet::SetEvidence(std::uint64_t number, bool pending) {
  const MutexLock lock(mutex_);
  if (Entry* entry = Find(number); entry != nullptr) entry->evidence_pending = pending;
}

std::vector<SegmentSet::Pin> SegmentSet::PinRange(Position from, Position to) {
  const MutexLock lock(mutex_);
  std::vector<Pin> pins;
  for (Entry& entry : entries_) {
    if (entry.range.empty() || entry.range.last < from || entry.range.first > to) continue;
    SegmentSnapshot snapshot{.header = entry.header,
                             .range = entry.range,
                             .frames_end = entry.frames_end,
                             .has_footer = entry.has_footer,
                             .begin_position = entry.range.first,
                             .places_known = entry.places_known};
    const auto behind = std::ranges::upper_bound(entry.places, from, {}, &FramePlace::position);
    if (behind != entry.places.begin()) {
      snapshot.begin = std::prev(behind)->offset;
      snapshot.begin_position = std::prev(behind)->position;
    }
    ++entry.readers;
    pins.emplace_back(*this, snapshot);
  }
  return pins;
}

void SegmentSet::Unpin(std::uint64_t number) {
  const MutexLock lock(mutex_);
  Entry* entry = Find(number);
  CHECK(entry != nullptr && entry->readers > 0);
  --entry->readers;
}

std::optional<SegmentSet::Released> SegmentSet::TakeReleasable(Position position) {
  const MutexLock lock(mutex_);
  if (entries_.size() < 2) return std::nullopt;
  const Entry& oldest = entries_.front();
  if (!oldest.written || oldest.readers > 0 || oldest.evidence_pending) return std::nullopt;
  if (oldest.range.last > position) return std::nullopt;
  const bool last_with_frames = std::all_of(entries_.begin() + 1, entries_.end(),
                                            [](const Entry& e) { return e.range.empty(); });
  if (last_with_frames && !oldest.range.empty()) return std::nullopt;
  taken_ = std::move(entries_.front());
  entries_.pop_front();
  return Released{
      .number = taken_->header.number, .file_bytes = taken_->file_bytes, .range = taken_->range};
}

void SegmentSet::PutBack() {
  const MutexLock lock(mutex_);
  CHECK(taken_.has_value());
  entries_.push_front(*std::move(taken_));
  taken_.reset();
}

Position SegmentSet::oldest() const {
  const MutexLock lock(mutex_);
  for (const Entry& entry : entries_) {
    if (!entry.range.empty()) return entry.range.first;
  }
  return 0;
}

std::uint64_t SegmentSet::bytes() const {
  const MutexLock lock(mutex_);
  std::uint64_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.file_bytes;
  return bytes;
}

std::vector<SegmentInfo> SegmentSet::List() const {
  const MutexLock lock(mutex_);
  std::vector<SegmentInfo> list;
  list.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    list.push_back({.name = SegmentName(entry.header.number),
                    .state = entry.written ? SegmentState::kClosed : SegmentState::kActive,
                    .number = entry.header.number,
                    .first = entry.range.empty() ? 0 : entry.range.first,
                    .last = entry.range.last,
                    .file_bytes = entry.file_bytes,
                    .used_bytes = entry.frames_end});
  }
  return list;
}

}  // namespace strata::wal
