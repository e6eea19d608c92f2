#include "wal/cursors.h"

#include <algorithm>

#include "base/crc32c.h"

namespace strata::wal {
namespace {

constexpr std::uint64_t kMagic = 0x5543415441525453;  // "STRATACU"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 56;
constexpr std::size_t kEntryBytes = 10;

static_assert(kHeaderBytes + kConsumersMax * (kEntryBytes + kConsumerNameBytesMax) <=
                  kCursorFileBytesMax,
              "every table that may be written may be read");

Error Corrupt(const char* what) {
  return {Code::kCorrupt, std::string("cursor file: ") + what};
}

}  // namespace

Position CursorTable::Highest() const {
  Position highest = released;
  for (const auto& [name, position] : cursors) highest = std::max(highest, position);
  return highest;
}

Bytes EncodeCursors(const CursorTable& table) {
  Bytes bytes(kHeaderBytes);
  for (const auto& [name, position] : table.cursors) {
    CHECK(name.size() <= kConsumerNameBytesMax);
    const std::size_t at = bytes.size();
    bytes.resize(at + kEntryBytes);
    StoreLe(std::span(bytes).subspan(at), position);
    StoreLe(std::span(bytes).subspan(at + 8), static_cast<std::uint16_t>(name.size()));
    const ByteSpan text = AsBytes(name);
    bytes.insert(bytes.end(), text.begin(), text.end());
  }
  const std::span<std::byte> out(bytes);
  StoreLe(out, kMagic);
  StoreLe(out.subspan(8), kVersion);
  StoreLe(out.subspan(16), table.log_id.low);
  StoreLe(out.subspan(24), table.log_id.high);
  StoreLe(out.subspan(32), table.released);
  StoreLe(out.subspan(40), static_cast<std::uint32_t>(table.cursors.size()));
  StoreLe(out.subspan(48), table.floor);
  StoreLe(out.subspan(12), Crc32c(ByteSpan(bytes).subspan(16)));
  return bytes;
}

Result<CursorTable> DecodeCursors(ByteSpan bytes) {
  if (bytes.size() < kHeaderBytes) return Corrupt("short");
  if (LoadLe<std::uint64_t>(bytes) != kMagic) return Corrupt("no magic");
  if (LoadLe<std::uint32_t>(bytes.subspan(8)) != kVersion) return Corrupt("unknown version");
  if (LoadLe<std::uint32_t>(bytes.subspan(12)) != Crc32c(bytes.subspan(16))) {
    return Corrupt("checksum mismatch");
  }
  CursorTable table{.log_id = {.low = LoadLe<std::uint64_t>(bytes.subspan(16)),
                               .high = LoadLe<std::uint64_t>(bytes.subspan(24))},
                    .released = LoadLe<std::uint64_t>(bytes.subspan(32)),
                    .floor = LoadLe<std::uint64_t>(bytes.subspan(48)),
                    .cursors = {}};
  const auto count = LoadLe<std::uint32_t>(bytes.subspan(40));
  bytes = bytes.subspan(kHeaderBytes);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (bytes.size() < kEntryBytes) return Corrupt("short entry");
    const std::size_t name_bytes = LoadLe<std::uint16_t>(bytes.subspan(8));
    if (name_bytes == 0 || name_bytes > kConsumerNameBytesMax) {
      return Corrupt("name length out of range");
    }
    if (name_bytes > bytes.size() - kEntryBytes) return Corrupt("short name");
    const std::string_view name = AsText(bytes.subspan(kEntryBytes, name_bytes));
    if (!table.cursors.emplace(name, LoadLe<std::uint64_t>(bytes)).second) {
      return Corrupt("a consumer twice");
    }
    bytes = bytes.subspan(kEntryBytes + name_bytes);
  }
  if (!bytes.empty()) return Corrupt("bytes left over");
  return table;
}

}  // namespace strata::wal
