#include "store/carry_index.h"

#include "store/checked_file.h"
#include "store/coding.h"
#include "store/numbered_name.h"

namespace strata::store {
namespace {

constexpr CheckedKind kKind{.magic = 0x4943415441525453,  // "STRATACI"
                            .version = 1,
                            .stranger = "no index of a carry file"};
constexpr std::size_t kHeaderBytes = 24;  // of the body
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
  return EncodeChecked(kKind, body.bytes());
}

Result<CarryIndex> DecodeCarryIndex(ByteSpan bytes, std::uint64_t number) {
  ASSIGN_OR_RETURN(const ByteSpan body, DecodeChecked(kKind, bytes));
  if (body.size() < kHeaderBytes) return Corrupt("short header");
  FieldReader in(body);
  CarryIndex index;
  index.number = in.Take<std::uint64_t>();
  index.through = in.Take<std::uint64_t>();
  index.salt = in.Take<std::uint32_t>();
  if (in.Take<std::uint32_t>() != 0) return Corrupt("reserved bytes set");
  if (index.number != number) return Corrupt("of another carry file");
  if ((body.size() - kHeaderBytes) % kEntryBytes != 0) return Corrupt("an entry is cut");
  index.entries.reserve((body.size() - kHeaderBytes) / kEntryBytes);
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
