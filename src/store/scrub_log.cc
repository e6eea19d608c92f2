#include "store/scrub_log.h"

#include <algorithm>

namespace strata::store {
namespace {

constexpr std::uint64_t kSliceBytes = 4_MiB;

}  // namespace

Result<LogScrubbed> ScrubLog(LogSource& log, const Pace& pace) {
  LogScrubbed scrubbed;
  const std::uint64_t known = log.stats().damaged_ranges;
  const wal::Position end = log.published();
  wal::Position next = log.oldest();
  while (next != 0 && next <= end && (!pace || pace(kSliceBytes))) {
    std::uint64_t bytes = 0;
    wal::Position after = end + 1;
    const auto read = log.Read(next, end, [&](const wal::FrameView& frame) -> Status {
      if (bytes >= kSliceBytes) {
        after = frame.position;
        return Error{Code::kTooLarge, "the slice is read"};
      }
      bytes += wal::kFrameHeaderBytes + frame.payload.size();
      return Done{};
    });
    scrubbed.bytes += bytes;
    if (!read && after > end) {
      if (read.error().code != Code::kNotFound) return read.error();
      after = std::max(next + 1, log.oldest());  // released meanwhile
    }
    next = after;
  }
  scrubbed.damaged_ranges = log.stats().damaged_ranges - known;
  if (scrubbed.damaged_ranges > 0) scrubbed.damaged_through = end;
  return scrubbed;
}

}  // namespace strata::store
