#include "store/carry_index.h"

#include "base/crc32c.h"
#include "store/coding.h"
#include "store/numbered_name.h"

namespace strata::store {
namespace {

constexpr std::uint64_t kMagic = 0x4943415441525453;  // "STRATACI"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kChecked = 16;  // where the checksummed bytes begin
constexpr std::size_t kHeaderBytes = 40;
constexpr std::size_t kEntryBytes = 16;
constexpr std::string_view kSuffix = ".index";

Error Corrupt(const char* what) {
  return {Code::kCorrupt, what};
}

}  // namespace

Bytes EncodeCarryIndex(const CarryIndex& index) {
  FieldWriter body;
  body.Put(index.number);
  body.Put(index.through);
  body.Put(index.salt);
  body.Put(std::uint32_t{0});
  for (const CarryEntry& entry : index.entries) {
    body.Put(entry.position);
    body.Put(entry.collection);
    body.Put(entry.records);
  }
  FieldWriter out;
  out.Put(kMagic);
  out.Put(kVersion);
  out.Put(Crc32c(body.bytes()));
  Bytes bytes = out.Take();
  bytes.insert(bytes.end(), body.bytes().begin(), body.bytes().end());
  return bytes;
}

Result<CarryIndex> DecodeCarryIndex(ByteSpan bytes, std::uint64_t number) {
  if (bytes.size() < kHeaderBytes) return Corrupt("short header");
  FieldReader in(bytes);
  if (in.Take<std::uint64_t>() != kMagic) return Corrupt("no index of a carry file");
  const auto version = in.Take<std::uint32_t>();
  if (in.Take<std::uint32_t>() != Crc32c(bytes.subspan(kChecked))) {
    return Corrupt("checksum mismatch");
  }
  if (version != kVersion) return Corrupt("unknown version");
  CarryIndex index;
  index.number = in.Take<std::uint64_t>();
  index.through = in.Take<std::uint64_t>();
  index.salt = in.Take<std::uint32_t>();
  if (in.Take<std::uint32_t>() != 0) return Corrupt("reserved bytes set");
  if (index.number != number) return Corrupt("of another carry file");
  if ((bytes.size() - kHeaderBytes) % kEntryBytes != 0) return Corrupt("an entry is cut");
  index.entries.reserve((bytes.size() - kHeaderBytes) / kEntryBytes);
  while (!in.empty()) {
    CarryEntry entry;
    entry.position = in.Take<std::uint64_t>();
    entry.collection = in.Take<std::uint32_t>();
    entry.records = in.Take<std::uint32_t>();
    index.entries.push_back(entry);
  }
  return index;
}

std::string CarryIndexName(std::uint64_t number) {
  return NumberedName(number, kSuffix);
}

std::optional<std::uint64_t> CarryIndexNumberOf(std::string_view name) {
  return NumberOfName(name, kSuffix);
}

}  // namespace strata::store
