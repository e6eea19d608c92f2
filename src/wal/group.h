// Group: the frames that go to a segment in one write. Internal to module wal.
#pragma once

#include <cstdint>
#include <vector>

#include "os/aligned_buffer.h"
#include "wal/log.h"
#include "wal/segment_stock.h"

namespace strata::wal {

// One thread. Borrows the appends that it is given.
class Group {
 public:
  bool empty() const { return appends_.empty(); }
  std::size_t size() const { return appends_.size(); }
  // In the order of their positions. Whoever settles them may clear the list.
  std::vector<Append*>& appends() { return appends_; }
  PositionRange range() const {
    return {.first = appends_.front()->position, .last = appends_.back()->position};
  }
  // Of the write: whole blocks.
  std::uint64_t bytes() const { return AlignUp(end_, kBlockBytes); }

  void Clear();
  // Where the frame of `append` would end if it came next.
  std::uint64_t EndWith(const Append& append) const {
    return AlignUp(end_, kFrameAlignment) + kFrameHeaderBytes + append.payload.size();
  }
  // Requires: its position is set, and follows that of the append before.
  void Add(Append& append);

  // What to write to `segment` at its write_offset; valid until the next call. Frames say that
  // everything up to `durable` was durable. Memory beyond `usual_bytes` is kept for this call only.
  ByteSpan Encode(const WritableSegment& segment, Position durable, std::uint64_t usual_bytes);
  // Appends the footer's entries of the frames, which were encoded for `offset` of their segment.
  void AppendFooterEntries(std::uint64_t offset, Bytes& entries) const;

 private:
  void MakeRoom(std::uint64_t usual_bytes);

  std::vector<Append*> appends_;
  std::vector<std::uint64_t> offsets_;  // of their frames in buffer_
  std::uint64_t end_ = 0;               // of the last frame
  os::AlignedBuffer buffer_;
};

}  // namespace strata::wal
