// Property: reading arbitrary bytes as a manifest stays inside them; its edits, applied as far as
// they fit, make a state; and that is read again from the checkpoint that it makes.
#include <algorithm>

#include "base/check.h"
#include "base/crc32c.h"
#include "store/manifest_file.h"
#include "store/manifest_record.h"

namespace strata::store {
namespace {

constexpr std::uint64_t kGeneration = 1;

void CheckManifest(ByteSpan bytes) {
  const auto file = ReadManifestFile(bytes, kGeneration);
  if (!file) return;
  CHECK(file->good_bytes <= bytes.size() && file->torn_bytes <= bytes.size());
  ManifestSnapshot empty;
  empty.namespace_name = "n";
  StateBuilder builder(empty);
  std::uint64_t sequence = 0;
  if (file->checkpoint) {
    sequence = file->checkpoint->sequence;
    builder.ApplyWhatFits(file->checkpoint->edit, sequence);
  }
  for (const auto& [number, edit] : file->edits) {
    sequence = number;
    builder.ApplyWhatFits(edit, number);
  }
  const ManifestPtr state = builder.Finish();
  const auto again = ReadManifestFile(EncodeCheckpoint(*state, kGeneration), kGeneration);
  CHECK(again.has_value() && again->checkpoint && !again->damaged_at);
  CHECK(again->checkpoint->sequence == sequence);
  StateBuilder rebuilt(empty);
  CHECK(rebuilt.Apply(again->checkpoint->edit, sequence).has_value());
}

// Makes lengths and checksums of the records fit, or the fuzzer never gets past them.
void Reseal(std::span<std::byte> bytes) {
  std::uint64_t sequence = 0;
  while (bytes.size() >= kRecordHeaderBytes) {
    const std::size_t room = bytes.size() - kRecordHeaderBytes;
    const auto length = static_cast<std::uint32_t>(
        std::min<std::size_t>(LoadLe<std::uint32_t>(bytes.subspan(8)) & 0xFFF, room));
    StoreLe(bytes, kRecordMagic);
    StoreLe(bytes.subspan(8), length);
    StoreLe(bytes.subspan(12), sequence == 0 ? 0x0101U : 0x0201U);
    StoreLe(bytes.subspan(16), kGeneration);
    StoreLe(bytes.subspan(24), sequence++);
    StoreLe(bytes.subspan(4), Crc32c(bytes.subspan(8, kRecordHeaderBytes - 8 + length)));
    const Record record{.payload = bytes.subspan(kRecordHeaderBytes, length)};
    bytes = bytes.subspan(std::min(record.SizeBytes(), bytes.size()));
  }
}

}  // namespace
}  // namespace strata::store

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  strata::Bytes bytes(size);
  std::ranges::copy(std::as_bytes(std::span(data, size)), bytes.begin());
  strata::store::CheckManifest(bytes);
  strata::store::Reseal(bytes);
  strata::store::CheckManifest(bytes);
  return 0;
}
