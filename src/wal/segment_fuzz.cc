// A segment's file made of arbitrary bytes. Properties: the reader ends, stays inside the file,
// hands over positions in order, and accounts for each position in between; opening a log with such
// a file in it neither fails nor crashes.
//
// Input: a list of (u8 kind, u8 size) with what follows; it is laid out from the first group on.
// Frames get checksums that fit, so that the fuzzer gets past them.
#include <algorithm>
#include <cstdint>

#include "base/crc32c.h"
#include "os/simulated_disk.h"
#include "wal/inspect.h"
#include "wal/segment_reader.h"

namespace {

using namespace strata;  // NOLINT(google-build-using-namespace)

constexpr std::size_t kFileBytes = 48U << 10;
constexpr const char* kFile = "/log/00000000000000000001.wal";

const wal::SegmentHeader kHeader{.number = 1, .log_id = {.low = 1, .high = 2}, .salt = 0x5EED5A17};

class Input {
 public:
  explicit Input(ByteSpan bytes) : rest_(bytes) {}
  bool empty() const { return rest_.empty(); }
  std::uint8_t Take() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_[0]);
    rest_ = rest_.subspan(1);
    return value;
  }
  ByteSpan Take(std::size_t bytes) {
    const ByteSpan taken = rest_.first(std::min(bytes, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  ByteSpan rest_;
};

// Appends a frame at `at`, its position `step` behind `position`, its checksums spoiled by `kind`.
std::size_t PutFrame(Bytes& file, std::size_t at, Input& input, std::uint8_t kind,
                     wal::Position& position) {
  position += kind & 3U;
  const ByteSpan payload = input.Take(input.Take());
  if (position == 0 || at + wal::kFrameHeaderBytes + payload.size() > file.size()) return at;
  const wal::Position durable = std::min<wal::Position>(input.Take(), position - 1);
  const auto out = std::span(file).subspan(at);
  wal::EncodeFrameHeader({.info = {},
                          .position = position,
                          .durable_through = durable,
                          .segment = 1,
                          .payload_bytes = static_cast<std::uint32_t>(payload.size()),
                          .payload_checksum = Crc32c(payload) + ((kind & 4U) != 0 ? 1U : 0U)},
                         wal::FrameSeed(kHeader.salt, at), out);
  if ((kind & 8U) != 0) out[20] ^= std::byte{1};
  std::ranges::copy(payload, out.subspan(wal::kFrameHeaderBytes).begin());
  return at + wal::kFrameHeaderBytes + payload.size();
}

Bytes Layout(Input input) {
  Bytes file(kFileBytes);
  wal::EncodeHeaderBlock(kHeader, std::span(file).first(wal::kBlockBytes));
  std::size_t at = wal::kFirstGroupOffset;
  wal::Position position = 0;
  while (!input.empty() && at < file.size()) {
    const std::uint8_t kind = input.Take();
    if (kind < 160) {
      at = PutFrame(file, at, input, kind, position);
    } else if (kind < 200) {
      const ByteSpan raw = input.Take(input.Take());
      const std::size_t fits = std::min(raw.size(), file.size() - at);
      std::ranges::copy(raw.first(fits), file.begin() + static_cast<std::ptrdiff_t>(at));
      at += fits;
    } else {
      at = wal::AlignUp(at + 1, kind < 230 ? wal::kFrameAlignment : wal::kBlockBytes);
    }
  }
  return file;
}

void CheckReader(const Bytes& file) {
  os::SimulatedDisk disk;
  CHECK(disk.CreateDirectory("/log"));
  disk.SetContent(kFile, file);
  const auto opened = disk.Open(kFile, {});
  CHECK(opened);
  wal::SegmentReader reader(**opened, kHeader, {.end = file.size(), .window_bytes = 4096});
  wal::Position last = 0;
  std::uint64_t offset = 0;
  while (true) {
    const auto piece = reader.Next();
    CHECK(piece.has_value());
    CHECK(piece->offset >= offset);
    offset = piece->offset;
    if (piece->kind == wal::Piece::Kind::kEnd) break;
    CHECK(offset + piece->bytes <= wal::AlignUp(file.size(), wal::kFrameAlignment));
    if (piece->kind == wal::Piece::Kind::kFrame) {
      CHECK(last == 0 || piece->header.position == last + 1);
      last = piece->header.position;
    } else if (!piece->lost.empty()) {
      CHECK(last == 0 || piece->lost.first == last + 1);
      last = piece->lost.last;
    }
  }
  const auto verification = wal::Verify(disk, "/log");
  CHECK(verification.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan bytes = std::as_bytes(std::span(data, size));
  CheckReader(Layout(Input(bytes)));
  // The bytes as a file, header and all.
  Bytes file(std::min(size, kFileBytes));
  std::ranges::copy(bytes.first(file.size()), file.begin());
  CheckReader(file);
  return 0;
}
