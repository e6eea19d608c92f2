// Property: a cursor file of arbitrary bytes is refused or read, and what was read encodes back to
// the very same table. Once as it comes, once with a checksum that fits, or the fuzzer never gets
// past it.
#include <algorithm>
#include <cstdint>

#include "base/crc32c.h"
#include "wal/cursors.h"

namespace {

using namespace strata;  // NOLINT(google-build-using-namespace)

void CheckCursors(ByteSpan bytes) {
  const auto table = wal::DecodeCursors(bytes);
  if (!table) {
    CHECK(table.error().code == Code::kCorrupt);
    return;
  }
  const Bytes encoded = wal::EncodeCursors(*table);
  CHECK(encoded.size() == bytes.size());
  const auto again = wal::DecodeCursors(encoded);
  CHECK(again && again->log_id == table->log_id && again->released == table->released);
  CHECK(again->floor == table->floor && again->cursors == table->cursors);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(size);
  std::ranges::copy(std::as_bytes(std::span(data, size)), bytes.begin());
  CheckCursors(bytes);
  if (size < 16) return 0;
  const std::span<std::byte> out(bytes);
  StoreLe(out, std::uint64_t{0x5543415441525453});  // the magic
  StoreLe(out.subspan(8), std::uint32_t{1});
  StoreLe(out.subspan(12), Crc32c(ByteSpan(bytes).subspan(16)));
  CheckCursors(bytes);
  return 0;
}
