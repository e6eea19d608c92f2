#include "ingest/reread.h"

#include "hot/hot.h"
#include "ingest/replay.h"

namespace strata::ingest {

Result<RereadRows> Reread(wal::Log& log, model::CollectionTable& collections,
                          const model::Collection& collection, const wal::PositionRange& range,
                          const RereadLimits& limits, const Clock& clock) {
  hot::Hot rows({}, clock);
  Replayer replayer(rows, collections, /*workers=*/1);
  RereadRows again{.slices = {}, .through = range.last};
  std::uint64_t rows_taken = 0;
  std::uint64_t bytes_taken = 0;
  const auto read = log.Read(range.first, range.last, [&](const wal::FrameView& frame) -> Status {
    const bool wanted =
        frame.info.type == wal::FrameType::kRecords && frame.info.collection_id == collection.id;
    if (!wanted) return Done{};
    if (rows_taken >= limits.rows_max || bytes_taken >= limits.payload_bytes_max) {
      again.through = frame.position - 1;
      return Error{Code::kTooLarge, "enough for once"};
    }
    rows_taken += frame.info.record_count;
    bytes_taken += frame.payload.size();
    return replayer.AddCopy(frame);
  });
  const auto decoded = replayer.Finish();
  const bool enough = again.through < range.last;
  if (!read && !enough) return read.error();
  if (!decoded) return decoded.error();
  again.slices = rows.Slices(collection.id, range.first - 1, again.through);
  return again;
}

}  // namespace strata::ingest
