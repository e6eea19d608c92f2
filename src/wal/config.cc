#include "wal/config.h"

#include "base/units.h"
#include "wal/segment.h"

namespace strata::wal {
namespace {

Error Invalid(std::string what) {
  return {Code::kInvalidInput, std::move(what)};
}

}  // namespace

Status Config::Validate() const {
  if (directory.empty()) return Invalid("log.directory is not set");
  if (segment_bytes % kBlockBytes != 0) {
    return Invalid("log.segment_bytes must be a multiple of " + FormatSize(kBlockBytes));
  }
  if (frame_bytes_max == 0 || frame_bytes_max > kPayloadBytesMax) {
    return Invalid("log.frame_bytes_max must be 1B to " + FormatSize(kPayloadBytesMax));
  }
  // Header block, one frame of the largest size, footer.
  const std::uint64_t frame_bytes = AlignUp(kFrameHeaderBytes + frame_bytes_max, kBlockBytes);
  if (segment_bytes < kFirstGroupOffset + frame_bytes + FooterBytes(1)) {
    return Invalid("log.segment_bytes must hold a frame of log.frame_bytes_max (" +
                   FormatSize(frame_bytes_max) + ") and 12KiB");
  }
  if (max_bytes < 2 * segment_bytes) {
    return Invalid("log.max_bytes must hold at least two segments of " + FormatSize(segment_bytes));
  }
  if (group_bytes_max < kBlockBytes) {
    return Invalid("log.group_bytes_max must be at least " + FormatSize(kBlockBytes));
  }
  if (queue_bytes_max < frame_bytes_max + kFrameHeaderBytes) {
    return Invalid("log.queue_bytes_max must hold a frame of log.frame_bytes_max (" +
                   FormatSize(frame_bytes_max) + ")");
  }
  if (sync == SyncMode::kInterval && sync_interval.count() <= 0) {
    return Invalid("log.sync_interval must be positive");
  }
  return Done{};
}

}  // namespace strata::wal
