#include "store/manifest_record.h"

#include <algorithm>

#include "base/check.h"
#include "base/crc32c.h"

namespace strata::store {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kChecked = 8;  // where the checksummed bytes begin

Error Corrupt(const char* what) {
  return {Code::kCorrupt, what};
}

// The bytes are whole, and say what this version cannot read.
Error Foreign(const char* what) {
  return {Code::kInvalidInput, what};
}

}  // namespace

Bytes EncodeRecord(const Record& record) {
  CHECK(record.payload.size() <= kRecordPayloadMax);
  Bytes bytes(record.SizeBytes());
  const std::span<std::byte> out(bytes);
  StoreLe(out, kRecordMagic);
  StoreLe(out.subspan(8), static_cast<std::uint32_t>(record.payload.size()));
  StoreLe(out.subspan(12), kVersion);
  StoreLe(out.subspan(13), static_cast<std::uint8_t>(record.type));
  StoreLe(out.subspan(16), record.generation);
  StoreLe(out.subspan(24), record.sequence);
  std::ranges::copy(record.payload, out.begin() + kRecordHeaderBytes);
  const std::size_t end = kRecordHeaderBytes + record.payload.size();
  StoreLe(out.subspan(4), Crc32c(ByteSpan(bytes).subspan(kChecked, end - kChecked)));
  return bytes;
}

Result<Record> DecodeRecord(ByteSpan bytes) {
  if (bytes.size() < kRecordHeaderBytes) return Corrupt("short header");
  if (LoadLe<std::uint32_t>(bytes) != kRecordMagic) return Corrupt("no record");
  const auto length = LoadLe<std::uint32_t>(bytes.subspan(8));
  if (length > kRecordPayloadMax) return Corrupt("length out of range");
  if (length > bytes.size() - kRecordHeaderBytes) return Corrupt("short payload");
  const ByteSpan checked = bytes.subspan(kChecked, kRecordHeaderBytes - kChecked + length);
  if (LoadLe<std::uint32_t>(bytes.subspan(4)) != Crc32c(checked)) {
    return Corrupt("checksum mismatch");
  }
  if (LoadLe<std::uint8_t>(bytes.subspan(12)) != kVersion) return Foreign("unknown version");
  const auto type = static_cast<RecordType>(bytes[13]);
  if (type != RecordType::kCheckpoint && type != RecordType::kEdit) return Foreign("unknown type");
  if (LoadLe<std::uint16_t>(bytes.subspan(14)) != 0) return Foreign("reserved bytes set");
  return Record{.type = type,
                .generation = LoadLe<std::uint64_t>(bytes.subspan(16)),
                .sequence = LoadLe<std::uint64_t>(bytes.subspan(24)),
                .payload = bytes.subspan(kRecordHeaderBytes, length)};
}

}  // namespace strata::store
