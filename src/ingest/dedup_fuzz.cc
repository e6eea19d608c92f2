// Property: a dedup table of arbitrary bytes is refused or read; what was read stays within its
// memory, encodes back to what can be read, and finds what it holds. Once as it comes, once with
// count and checksums that fit, or the fuzzer never gets past them.
#include <algorithm>
#include <cstdint>

#include "base/crc32c.h"
#include "ingest/dedup.h"

namespace {

using namespace strata;  // NOLINT(google-build-using-namespace)

constexpr std::size_t kHeaderBytes = 24;
constexpr std::size_t kEntryBytes = 56;
constexpr ingest::DedupConfig kConfig{.window = std::chrono::minutes(15), .memory_bytes = 4000};

void CheckTable(ByteSpan bytes) {
  ingest::Dedup dedup(kConfig);
  if (const Status decoded = dedup.Decode(bytes); !decoded) {
    CHECK(decoded.error().code == Code::kCorrupt && dedup.size() == 0);
    return;
  }
  CHECK(dedup.bytes() <= kConfig.memory_bytes);
  CHECK(dedup.size() <= (bytes.size() - kHeaderBytes) / kEntryBytes);
  const Bytes encoded = dedup.Encode();
  ingest::Dedup again(kConfig);
  CHECK(again.Decode(encoded).has_value());
  CHECK(again.size() == dedup.size() && again.last_position() == dedup.last_position());
  CHECK(again.Encode() == encoded);
  // Each entry as a request that comes again.
  for (std::size_t at = kHeaderBytes; at + kEntryBytes <= bytes.size(); at += kEntryBytes) {
    const ByteSpan entry = bytes.subspan(at, kEntryBytes);
    const Hash128 payload{LoadLe<std::uint64_t>(entry.subspan(16)),
                          LoadLe<std::uint64_t>(entry.subspan(24))};
    const Hash128 key{LoadLe<std::uint64_t>(entry.subspan(32)),
                      LoadLe<std::uint64_t>(entry.subspan(40))};
    const auto received_ns = LoadLe<std::int64_t>(entry.subspan(8));
    const auto found = dedup.Find(payload, true, key, received_ns);
    CHECK(found || found.error().code == Code::kConflict);
    again.Expire(received_ns);
  }
  CHECK(again.size() <= dedup.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(size);
  std::ranges::copy(std::as_bytes(std::span(data, size)), bytes.begin());
  CheckTable(bytes);
  if (size < kHeaderBytes) return 0;
  const std::size_t entries = (size - kHeaderBytes) / kEntryBytes;
  bytes.resize(kHeaderBytes + entries * kEntryBytes);
  const std::span<std::byte> out(bytes);
  StoreLe(out, std::uint32_t{0x55444453});  // the magic
  StoreLe(out.subspan(4), std::uint32_t{1});
  StoreLe(out.subspan(8), std::uint64_t{entries});
  StoreLe(out.subspan(16), Crc32c(ByteSpan(bytes).subspan(kHeaderBytes)));
  StoreLe(out.subspan(20), Crc32c(ByteSpan(bytes).first(20)));
  CheckTable(bytes);
  return 0;
}
