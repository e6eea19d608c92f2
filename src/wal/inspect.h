// What `strata wal inspect` and `strata wal verify` print. Read-only, without the lock: also while
// a server runs, whose newest group may then look like a torn tail.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/file_system.h"
#include "wal/frame.h"
#include "wal/report.h"

namespace strata::wal {

struct FrameListing {
  std::uint64_t offset = 0;
  FrameHeader header;
};

struct SegmentListing {
  SegmentInfo info;
  std::uint32_t salt = 0;
  std::int64_t created_ns = 0;
  bool has_footer = false;
  std::uint64_t frames = 0;
  std::vector<FrameListing> listing;  // when InspectOptions::frames
};

struct InspectOptions {
  bool frames = false;  // list every frame's header
};

struct Inspection {
  std::vector<SegmentListing> segments;  // in order; spares last
  std::vector<std::pair<std::string, Position>> cursors;
  Position released = 0;
  RecoveryReport report;  // what a start would find now
};

// kNotFound when there is no such directory.
Result<Inspection> Inspect(os::FileSystem& files, const std::filesystem::path& directory,
                           const InspectOptions& options);

struct Verification {
  RecoveryReport report;  // all damage, that of closed segments included
  std::uint64_t segments = 0;
  std::uint64_t frames = 0;  // that read back, payloads included
  std::uint64_t payload_bytes = 0;
  std::vector<PositionRange> lost;
  // Nothing is damaged or foreign. A torn tail is no fault: nobody was told that it is safe.
  bool sound() const {
    return report.damage.empty() && report.foreign.empty() && !report.cursors_lost && lost.empty();
  }
};

// Reads everything with the reader that recovery uses.
Result<Verification> Verify(os::FileSystem& files, const std::filesystem::path& directory);

}  // namespace strata::wal
