// Property: reading a carry file of arbitrary bytes ends, stays inside them, hands over only frames
// whose checksums fit, and counts the others. Once as it comes, once with the checksums of headers
// and frames that fit, or the fuzzer never gets past them.
#include <algorithm>
#include <cstdint>

#include "base/crc32c.h"
#include "os/simulated_disk.h"
#include "store/carry_file.h"

namespace strata::store {
namespace {

constexpr std::uint64_t kNumber = 1;

void CheckFile(const Bytes& bytes) {
  os::SimulatedDisk disk;
  CHECK(disk.CreateDirectory("/carry"));
  disk.SetContent("/carry/" + CarryFileName(kNumber), bytes);
  std::uint64_t frames = 0;
  std::uint64_t frame_bytes = 0;
  wal::Position last = 0;
  const auto outcome =
      ReadCarry("/carry", kNumber, disk, [&](const wal::FrameView& frame) -> Status {
        ++frames;
        frame_bytes += wal::kFrameHeaderBytes + frame.payload.size();
        CHECK(frame.position > last);
        last = frame.position;
        return Done{};
      });
  CHECK(outcome.has_value());
  CHECK(outcome->readable || (frames == 0 && !outcome->damage.empty()));
  CHECK(outcome->frames == frames && frame_bytes <= bytes.size());
  // There is no index.
  for (const CarryEntry& entry : outcome->lost) CHECK(entry.position > 0);
  const std::uint64_t announced = outcome->header.frames;
  CHECK(outcome->lost_unnamed == announced - std::min(announced, frames + outcome->lost.size()));
  CHECK(outcome->lost_unnamed == 0 || !outcome->damage.empty());
}

void SealHeader(std::span<std::byte> header, std::uint64_t file_bytes) {
  StoreLe(header, std::uint64_t{0x4643415441525453});  // the magic
  StoreLe(header.subspan(8), std::uint32_t{1});
  StoreLe(header.subspan(16), kNumber);
  StoreLe(header.subspan(40), file_bytes);
  StoreLe(header.subspan(12), Crc32c(ByteSpan(header).subspan(16, kCarryHeaderBytes - 16)));
}

// Lays frames of the given bytes end to end; the low bits of their length fields choose the sizes.
void Seal(Bytes& bytes) {
  const std::span<std::byte> out(bytes);
  SealHeader(out, bytes.size());
  const auto salt = LoadLe<std::uint32_t>(out.subspan(48));
  const std::size_t end = bytes.size() - kCarryHeaderBytes;
  for (std::size_t at = kCarryHeaderBytes; at + wal::kFrameHeaderBytes <= end;) {
    const std::span<std::byte> frame = out.subspan(at, end - at);
    const std::size_t room = frame.size() - wal::kFrameHeaderBytes;
    const auto length = static_cast<std::uint32_t>(
        std::min<std::size_t>(LoadLe<std::uint32_t>(frame.subspan(12)) & 0xFF, room));
    StoreLe(frame, wal::kFrameMagic);
    StoreLe(frame.subspan(8), wal::PayloadChecksum(frame.subspan(wal::kFrameHeaderBytes, length)));
    StoreLe(frame.subspan(12), length);
    StoreLe(frame.subspan(4), Crc32c(ByteSpan(frame).subspan(8, wal::kFrameHeaderBytes - 8),
                                     wal::FrameSeed(salt, at)));
    at += wal::AlignUp(wal::kFrameHeaderBytes + length, wal::kFrameAlignment);
  }
  std::ranges::copy(out.first(kCarryHeaderBytes), out.last(kCarryHeaderBytes).begin());
}

}  // namespace
}  // namespace strata::store

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  strata::Bytes bytes(size);
  std::ranges::copy(std::as_bytes(std::span(data, size)), bytes.begin());
  strata::store::CheckFile(bytes);
  if (size < 2 * strata::store::kCarryHeaderBytes) return 0;
  strata::store::Seal(bytes);
  strata::store::CheckFile(bytes);
  return 0;
}
