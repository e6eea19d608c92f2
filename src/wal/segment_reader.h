// Walks the frames of one segment. The one reader: recovery, replay, reads and `verify` use it.
//
// It believes nothing that no checksum covers. Where no frame stands it looks for the next one of
// this segment behind the damage (at any multiple of 8), so that what is undamaged is served and
// what is lost is known exactly. Whether something broken is damage or a torn tail is for the
// caller to say.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "os/aligned_buffer.h"
#include "os/file_system.h"
#include "wal/frame.h"
#include "wal/report.h"
#include "wal/segment.h"
#include "wal/window_pool.h"

namespace strata::wal {

// What stands next in a segment.
struct Piece {
  enum class Kind : std::uint8_t {
    kFrame,   // a frame, both checksums fit
    kBroken,  // bytes that are no frame, with a frame (or the end of the padding) behind them
    kEnd,     // no further frame of this segment
  };
  Kind kind = Kind::kEnd;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;  // header and payload; of kEnd: 0

  FrameHeader header{};     // kFrame; kBroken when `header_fits`
  ByteSpan header_bytes{};  // kFrame; valid until the next call
  ByteSpan payload{};       // kFrame; borrows from storage()
  bool header_fits = false;

  PositionRange lost{};  // kBroken: positions that stood there; empty for padding
  std::string reason{};  // kBroken, kEnd
};

class SegmentReader {
 public:
  struct Range {
    std::uint64_t begin = kFirstGroupOffset;  // where a frame stands, or a group begins
    std::uint64_t end = 0;                    // nothing at or behind it is read
    Position after = 0;  // frames up to this one are not of interest and never accepted; 0: unknown
    Position verify_from = 0;  // payloads of frames before this are not checked
    std::size_t window_bytes = 4_MiB;
  };
  // Does not own `file`, which must outlive it.
  SegmentReader(const os::File& file, const SegmentHeader& header, const Range& range,
                WindowPool windows = {});

  // Errors are of reading (kIo), never of content.
  Result<Piece> Next();

  // What the last frame's payload borrows from. Keeping it keeps the payload.
  std::shared_ptr<const void> storage() const { return window_; }
  // Position of the last frame, whole or broken, that was met.
  Position last() const { return last_; }

 private:
  // Bytes at `offset`, `size` of them or fewer at the end of the range.
  Result<ByteSpan> Need(std::uint64_t offset, std::uint64_t size);
  Result<FrameHeader> HeaderAt(std::uint64_t offset);
  Result<Piece> FrameAt(const FrameHeader& header);
  Result<Piece> Resync(std::string reason);
  // Zeros up to the next block (then at_ moves there), or not.
  Result<bool> SkipPadding();
  Piece Broken(std::uint64_t end, PositionRange lost, std::string reason);

  const os::File& file_;
  const SegmentHeader header_;
  const Range range_;
  const WindowPool windows_;
  std::uint64_t at_;
  Position last_;

  std::shared_ptr<os::AlignedBuffer> window_;
  std::uint64_t window_from_ = 0;
  std::uint64_t window_to_ = 0;
};

// kCorrupt: the frames in front of `end` are not those of `positions`, each once and in order.
Status CheckFrames(const os::File& file, const SegmentHeader& header, PositionRange positions,
                   std::uint64_t end);

}  // namespace strata::wal
