// The segments of a running log, in memory: which positions are where, who reads them, what may go.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "wal/report.h"
#include "wal/segment.h"
#include "wal/survey.h"

namespace strata::wal {

// A segment as readers see it at one moment.
struct SegmentSnapshot {
  SegmentHeader header;
  PositionRange range;
  std::uint64_t frames_end = kFirstGroupOffset;
  bool has_footer = false;
  // Where to begin for the position that was asked for; a frame with `begin_position` stands there.
  std::uint64_t begin = kFirstGroupOffset;
  Position begin_position = 0;
  bool places_known = false;
};

// Thread-safe.
class SegmentSet {
 public:
  // Before the first Append.
  void AddRecovered(const FoundSegment& found);
  // A segment that will be written from now on. The last one added is the active one.
  void AddActive(const SegmentHeader& header, std::uint64_t file_bytes);
  // Frames up to `last` are published; `places` are new ones.
  void Advance(std::uint64_t number, PositionRange published, std::uint64_t frames_end,
               std::optional<FramePlace> place);
  // Nobody writes it any more. Without a footer it is walked where a footer would have answered.
  void MarkWritten(std::uint64_t number, std::uint64_t file_bytes, bool has_footer);
  void SetPlaces(std::uint64_t number, std::vector<FramePlace> places);
  // Its damage is not in quarantine yet: must not be released.
  void SetEvidence(std::uint64_t number, bool pending);

  // Keeps a segment from being released while it is read.
  class Pin {
   public:
    Pin(SegmentSet& set, const SegmentSnapshot& segment) : set_(&set), segment_(segment) {}
    Pin(Pin&& other) noexcept
        : set_(std::exchange(other.set_, nullptr)), segment_(other.segment_) {}
    Pin& operator=(Pin&&) = delete;
    ~Pin() {
      if (set_ != nullptr) set_->Unpin(segment_.header.number);
    }
    const SegmentSnapshot& operator*() const { return segment_; }
    const SegmentSnapshot* operator->() const { return &segment_; }

   private:
    SegmentSet* set_;
    SegmentSnapshot segment_;
  };
  // Segments with frames in from..to, in order.
  std::vector<Pin> PinRange(Position from, Position to);

  // Takes the oldest segment out when all its frames are at or below `position`, nobody writes or
  // reads it, and its evidence is kept. The newest segment with frames always stays, so that
  // positions are known from the segments alone. Then PutBack() when its file could not be used.
  // Requires: one caller at a time.
  struct Released {
    std::uint64_t number = 0;
    std::uint64_t file_bytes = 0;
    PositionRange range{};
  };
  std::optional<Released> TakeReleasable(Position position);
  void PutBack();

  Position oldest() const;  // 0 when there is no frame
  std::uint64_t bytes() const;
  std::vector<SegmentInfo> List() const;

 private:
  struct Entry {
    SegmentHeader header;
    PositionRange range{};
    std::uint64_t frames_end = kFirstGroupOffset;
    std::uint64_t file_bytes = 0;
    bool written = false;
    bool has_footer = false;
    bool evidence_pending = false;
    int readers = 0;
    bool places_known = false;
    std::vector<FramePlace> places{};
  };
  Entry* Find(std::uint64_t number) REQUIRES(mutex_);
  void Unpin(std::uint64_t number);

  mutable Mutex mutex_;
  std::deque<Entry> entries_ GUARDED_BY(mutex_);  // by number
  std::optional<Entry> taken_ GUARDED_BY(mutex_);
};

}  // namespace strata::wal
