// Property: decoding arbitrary bytes stays inside them, and a header that decodes encodes back to
// the very same bytes. Once as they come, once with checksums that fit, or the fuzzer never gets
// past them.
#include <algorithm>
#include <cstdint>

#include "base/crc32c.h"
#include "wal/define.h"
#include "wal/frame.h"
#include "wal/segment.h"

namespace {

using namespace strata;  // NOLINT(google-build-using-namespace)

constexpr std::uint32_t kSalt = 0x5EED5A17;

void CheckFrame(ByteSpan bytes) {
  const auto header = wal::DecodeFrameHeader(bytes, kSalt);
  const auto frame = wal::DecodeFrame(bytes, kSalt);
  if (!header) {
    CHECK(!frame);
    return;
  }
  Bytes again(wal::kFrameHeaderBytes);
  wal::EncodeFrameHeader(*header, kSalt, again);
  CHECK(std::ranges::equal(again, bytes.first(wal::kFrameHeaderBytes)));
  if (frame) CHECK(frame->position == header->position && frame->info == header->info);
}

void CheckDefine(ByteSpan bytes) {
  const auto define = wal::DecodeDefine(bytes);
  if (define) CHECK(std::ranges::equal(wal::EncodeDefine(*define), bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(size);
  std::ranges::copy(std::as_bytes(std::span(data, size)), bytes.begin());
  CheckFrame(bytes);
  CheckDefine(bytes);
  if (size >= wal::kFooterEntryBytes) (void)wal::DecodeFooterEntry(bytes).has_value();
  if (size < wal::kFrameHeaderBytes) return 0;
  const std::span<std::byte> out(bytes);
  StoreLe(out, wal::kFrameMagic);
  StoreLe(out.subspan(8), Crc32c(ByteSpan(bytes).subspan(wal::kFrameHeaderBytes)));
  StoreLe(out.subspan(4), Crc32c(ByteSpan(bytes).subspan(8, wal::kFrameHeaderBytes - 8), kSalt));
  CheckFrame(bytes);
  return 0;
}
