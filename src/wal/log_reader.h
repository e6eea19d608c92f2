// Reads ranges of positions from the segments of a running log, or of one being replayed.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "os/file_system.h"
#include "wal/log.h"
#include "wal/segment_reader.h"
#include "wal/segment_set.h"
#include "wal/window_pool.h"

namespace strata::wal {

class LogReader {
 public:
  using DamageNote = std::function<void(const Damage&)>;
  // `skipped`: positions that were left out on purpose. `note` is told of damage as it is found,
  // each time.
  LogReader(os::FileSystem& files, const std::filesystem::path& directory, SegmentSet& set,
            const std::vector<PositionRange>& skipped, DamageNote note)
      : files_(files),
        directory_(directory),
        set_(set),
        skipped_(skipped),
        note_(std::move(note)) {}

  // Frames from..to, both included, in batches of about `batch_bytes`.
  Result<ReadOutcome> Batches(PositionRange range, std::uint64_t batch_bytes,
                              const BatchVisitor& visit);
  Result<ReadOutcome> Headers(PositionRange range, const HeaderVisitor& visit);

 private:
  class Progress;
  Status WalkSegment(const SegmentSnapshot& segment, std::uint64_t batch_bytes, Progress& progress,
                     const BatchVisitor& visit);
  // False when there is no footer to answer from.
  Result<bool> HeadersFromFooter(const SegmentSnapshot& segment, Progress& progress,
                                 const HeaderVisitor& visit);
  Result<std::unique_ptr<os::File>> OpenSegment(const SegmentSnapshot& segment) const;
  // Where the walk of `segment` begins to meet position `from` soon.
  Result<SegmentReader::Range> BeginNear(const os::File& file, const SegmentSnapshot& segment,
                                         Position from);

  os::FileSystem& files_;
  const std::filesystem::path& directory_;
  SegmentSet& set_;
  const std::vector<PositionRange>& skipped_;
  const DamageNote note_;
  const WindowPool windows_;
};

}  // namespace strata::wal
