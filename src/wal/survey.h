// What a log's directory holds, found out without writing. The first half of recovery, and all of
// `wal inspect` and `wal verify`.
//
// Segments closed in order answer from their footer. Others are walked, and what is broken in them
// is judged: at or below a position that a later frame, segment or cursor knows as durable it is
// damage; above all of these it is the torn tail of a group that was never acked, and the segment
// is cut there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/file_system.h"
#include "wal/cursors.h"
#include "wal/report.h"
#include "wal/segment.h"

namespace strata::wal {

// Where a frame stands; a few of them per segment let a read begin near its first frame.
struct FramePlace {
  Position position = 0;
  std::uint64_t offset = 0;
};
inline constexpr std::uint64_t kPlaceEveryBytes = 1_MiB;

struct FoundSegment {
  std::string name;
  SegmentHeader header;
  std::uint64_t file_bytes = 0;
  bool closed = false;    // has a footer that fits
  PositionRange range{};  // of the frames that count; empty when there is none
  std::uint64_t frames_end = kFirstGroupOffset;

  std::uint64_t frames = 0;  // that count

  // Of segments that are not closed.
  std::uint64_t vouched_end = kFirstGroupOffset;  // of the frames that are known to be durable
  Bytes footer_entries{};
  std::vector<FramePlace> places{};
};

struct Survey {
  Hash128 log_id;  // zero for a new directory
  CursorTable cursors;
  std::vector<FoundSegment> segments;  // in order, with frames or closed
  std::vector<FoundSegment> empty;     // without a frame that counts, or released
  std::vector<std::string> spares;
  std::vector<std::string> unreadable;  // segments by name whose header does not read
  std::vector<PositionRange> skipped;   // left out on purpose
  std::uint64_t highest_number = 0;     // of the segments of this log
  RecoveryReport report;
  // Positions up to an unknown one above report.last may have been given away: skip ahead.
  bool skip_ahead = false;
};

// A missing directory is an empty log. Files that vanish meanwhile are left out, so that the log
// may be in use. Errors are of reading only: what does not read because of the machine is no
// damage.
Result<Survey> SurveyDirectory(os::FileSystem& files, const std::filesystem::path& directory);

}  // namespace strata::wal
