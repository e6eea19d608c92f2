#include "wal/group.h"

#include <algorithm>
#include <cstring>

namespace strata::wal {

void Group::Clear() {
  appends_.clear();
  offsets_.clear();
  end_ = 0;
}

void Group::Add(Append& append) {
  const std::uint64_t end = EndWith(append);
  offsets_.push_back(AlignUp(end_, kFrameAlignment));
  appends_.push_back(&append);
  end_ = end;
}

// Grows in steps up to the usual group; a single large frame has its own buffer.
void Group::MakeRoom(std::uint64_t usual_bytes) {
  constexpr std::uint64_t kFirstBytes = 1_MiB;
  const std::uint64_t needed = bytes();
  if (buffer_.size() >= needed && buffer_.size() <= std::max(needed, usual_bytes)) return;
  const std::uint64_t step = std::min(std::max(kFirstBytes, 2 * needed), usual_bytes);
  buffer_ = os::AlignedBuffer(std::max(needed, step));
}

ByteSpan Group::Encode(const WritableSegment& segment, Position durable,
                       std::uint64_t usual_bytes) {
  MakeRoom(AlignUp(usual_bytes, kBlockBytes));
  const std::span<std::byte> out = buffer_.span().first(bytes());
  std::uint64_t written = 0;
  for (std::size_t i = 0; i < appends_.size(); ++i) {
    const Append& append = *appends_[i];
    const std::uint64_t at = offsets_[i];
    std::memset(out.data() + written, 0, at - written);
    EncodeFrameHeader({.info = append.info,
                       .position = append.position,
                       .durable_through = durable,
                       .segment = segment.header.number,
                       .payload_bytes = static_cast<std::uint32_t>(append.payload.size()),
                       .payload_checksum = append.payload_checksum,
                       .first_of_group = i == 0},
                      FrameSeed(segment.header.salt, segment.write_offset + at), out.subspan(at));
    if (!append.payload.empty()) {
      std::memcpy(out.data() + at + kFrameHeaderBytes, append.payload.data(),
                  append.payload.size());
    }
    written = at + kFrameHeaderBytes + append.payload.size();
  }
  std::memset(out.data() + written, 0, out.size() - written);
  return out;
}

void Group::AppendFooterEntries(std::uint64_t offset, Bytes& entries) const {
  for (const std::uint64_t at : offsets_) {
    const ByteSpan frame(buffer_.data() + at, kFrameHeaderBytes);
    AppendFooterEntry(offset + at, frame, entries);
  }
}

}  // namespace strata::wal
