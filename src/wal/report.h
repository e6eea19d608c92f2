// What the log tells about itself: recovery, segments, figures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "wal/frame.h"

namespace strata::wal {

struct PositionRange {  // both ends included; empty when last < first
  Position first = 1;
  Position last = 0;
  bool empty() const { return last < first; }
  std::uint64_t count() const { return empty() ? 0 : last - first + 1; }
  bool operator==(const PositionRange&) const = default;
};

// Bytes of the log that were durable once and do not read back.
struct Damage {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;  // in the segment's file
  std::uint64_t bytes = 0;   // 0 when the whole segment is missing
  PositionRange lost;        // exact; empty when no frame was hit (padding)
  std::string reason;
};

// A file in the log's directory that is no segment of this log, or not at its place. It is moved to
// quarantine/ and never read.
struct ForeignFile {
  std::string name;
  std::string reason;
};

struct RecoveryReport {
  std::uint64_t segments = 0;
  std::uint64_t frames = 0;       // that can be read
  Position first = 0;             // of them, 0 when there is none
  Position last = 0;              // highest position ever used, as far as the disk knows
  std::uint64_t torn_frames = 0;  // whole frames behind the cut; never acked, not served
  std::uint64_t torn_bytes = 0;   // cut from the tail: from the cut to the end of what can be
                                  // recognised as written by the interrupted group
  PositionRange skipped;  // left out on purpose after an unclean start with SyncMode::kInterval
  std::uint64_t unclosed = 0;  // segments without a footer; one or two after a crash
  bool clean = false;          // the log was closed in order
  bool cursors_lost = false;   // the cursor file did not read back; all cursors are 0
  // Found so far. Open() judges the segments that were not closed in order; the others are judged
  // when Replay(), Read() or Verify() comes past.
  std::vector<Damage> damage;
  std::vector<ForeignFile> foreign;
};

// What Replay() and Read() came past.
struct ReadOutcome {
  std::uint64_t frames = 0;         // handed to the visitor
  std::uint64_t bytes = 0;          // of their payloads
  std::vector<PositionRange> lost;  // asked for, and damaged: quarantined, reported, not served
};

enum class SegmentState : std::uint8_t { kActive, kClosed, kNext, kSpare };
std::string_view SegmentStateName(SegmentState state);

struct SegmentInfo {
  std::string name;  // file name in the log's directory
  SegmentState state = SegmentState::kClosed;
  std::uint64_t number = 0;
  Position first = 0;  // 0 when it holds no frame
  Position last = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t used_bytes = 0;
};

// Counters run from Open(); a caller exports them.
struct LogStats {
  std::uint64_t appended_frames = 0;
  std::uint64_t appended_bytes = 0;  // headers and padding included
  std::uint64_t groups = 0;
  std::uint64_t refused_by_hook = 0;  // CommitHooks::Admit said no
  std::uint64_t failed_writes = 0;
  std::uint64_t rebuilds = 0;     // times the log came back after a failed write
  std::uint64_t recycled = 0;     // segments used again
  std::uint64_t queue_bytes = 0;  // submitted and not yet settled, now
  std::uint64_t log_bytes = 0;    // all segment files, now
  std::uint64_t max_bytes = 0;
  std::uint64_t damaged_ranges = 0;
  bool full = false;    // no room for another segment: Submit answers kExhausted
  bool direct = false;  // the active segment is written past the page cache
};

}  // namespace strata::wal
