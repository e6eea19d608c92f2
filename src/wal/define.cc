#include "wal/define.h"

namespace strata::wal {
namespace {

constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kNameBytesMax = 255;
constexpr std::byte kVersion{1};

Error Corrupt(const char* what) {
  return {Code::kCorrupt, std::string("define frame: ") + what};
}

bool IsNameLength(std::size_t bytes) {
  return bytes >= 1 && bytes <= kNameBytesMax;
}

}  // namespace

Bytes EncodeDefine(const Define& define) {
  const std::string& space = define.namespace_name;
  const std::string& collection = define.collection_name;
  CHECK(IsNameLength(space.size()) && IsNameLength(collection.size()));
  Bytes bytes(kHeaderBytes);
  const std::span<std::byte> out(bytes);
  StoreLe(out, define.namespace_id);
  StoreLe(out.subspan(4), define.collection_id);
  out[8] = std::byte{define.kind};
  out[9] = kVersion;
  StoreLe(out.subspan(10), static_cast<std::uint16_t>(space.size()));
  StoreLe(out.subspan(12), static_cast<std::uint16_t>(collection.size()));
  for (const std::string& name : {space, collection}) {
    const ByteSpan text = AsBytes(name);
    bytes.insert(bytes.end(), text.begin(), text.end());
  }
  return bytes;
}

Result<Define> DecodeDefine(ByteSpan payload) {
  if (payload.size() < kHeaderBytes) return Corrupt("short");
  if (payload[9] != kVersion) return Corrupt("unknown version");
  if (LoadLe<std::uint16_t>(payload.subspan(14)) != 0) return Corrupt("reserved bytes set");
  const std::size_t space = LoadLe<std::uint16_t>(payload.subspan(10));
  const std::size_t collection = LoadLe<std::uint16_t>(payload.subspan(12));
  if (!IsNameLength(space) || !IsNameLength(collection)) return Corrupt("name length out of range");
  if (payload.size() != kHeaderBytes + space + collection) return Corrupt("wrong size");
  const std::string_view names = AsText(payload.subspan(kHeaderBytes));
  return Define{.namespace_id = LoadLe<std::uint32_t>(payload),
                .collection_id = LoadLe<std::uint32_t>(payload.subspan(4)),
                .kind = static_cast<std::uint8_t>(payload[8]),
                .namespace_name = std::string(names.substr(0, space)),
                .collection_name = std::string(names.substr(space))};
}

}  // namespace strata::wal
