#include "wal/frame.h"

#include <algorithm>

#include "base/crc32c.h"
#include "base/seeded_bug.h"

namespace strata::wal {
namespace {

constexpr std::size_t kChecksummedFrom = 8;
constexpr std::size_t kReservedFrom = 110;
constexpr std::byte kFirstOfGroup{1};

static_assert(kFrameHeaderBytes % kFrameAlignment == 0, "payloads start aligned");
static_assert(kBlockBytes % kFrameAlignment == 0, "blocks hold whole steps");
static_assert(std::uint64_t{kPayloadBytesMax} + kFrameHeaderBytes <= UINT32_MAX,
              "a frame's size fits 32 bits");

Error Corrupt(const char* what) {
  return {Code::kCorrupt, what};
}

bool IsZero(ByteSpan bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

void StoreHash(std::span<std::byte> out, const Hash128& hash) {
  StoreLe(out, hash.low);
  StoreLe(out.subspan(8), hash.high);
}

Hash128 LoadHash(ByteSpan bytes) {
  return {.low = LoadLe<std::uint64_t>(bytes), .high = LoadLe<std::uint64_t>(bytes.subspan(8))};
}

FrameInfo LoadInfo(ByteSpan bytes) {
  return {.type = static_cast<FrameType>(bytes[105]),
          .kind = static_cast<std::uint8_t>(bytes[106]),
          .encoding = static_cast<std::uint8_t>(bytes[107]),
          .flags = static_cast<std::uint8_t>(bytes[108]),
          .namespace_id = LoadLe<std::uint32_t>(bytes.subspan(48)),
          .collection_id = LoadLe<std::uint32_t>(bytes.subspan(52)),
          .record_count = LoadLe<std::uint32_t>(bytes.subspan(56)),
          .rejected_count = LoadLe<std::uint32_t>(bytes.subspan(60)),
          .received_ns = LoadLe<std::int64_t>(bytes.subspan(40)),
          .limits_fingerprint = LoadLe<std::uint64_t>(bytes.subspan(64)),
          .request_hash = LoadHash(bytes.subspan(72)),
          .idempotency_key = LoadHash(bytes.subspan(88))};
}

}  // namespace

void EncodeFrameHeader(const FrameHeader& header, std::uint32_t seed, std::span<std::byte> out) {
  CHECK(out.size() >= kFrameHeaderBytes && header.payload_bytes <= kPayloadBytesMax);
  CHECK(header.position != 0);
  const FrameInfo& info = header.info;
  std::ranges::fill(out.first(kFrameHeaderBytes), std::byte{0});
  StoreLe(out, kFrameMagic);
  StoreLe(out.subspan(8), header.payload_checksum);
  StoreLe(out.subspan(12), header.payload_bytes);
  StoreLe(out.subspan(16), header.position);
  StoreLe(out.subspan(24), header.durable_through);
  StoreLe(out.subspan(32), header.segment);
  StoreLe(out.subspan(40), info.received_ns);
  StoreLe(out.subspan(48), info.namespace_id);
  StoreLe(out.subspan(52), info.collection_id);
  StoreLe(out.subspan(56), info.record_count);
  StoreLe(out.subspan(60), info.rejected_count);
  StoreLe(out.subspan(64), info.limits_fingerprint);
  StoreHash(out.subspan(72), info.request_hash);
  StoreHash(out.subspan(88), info.idempotency_key);
  out[104] = std::byte{kFrameVersion};
  out[105] = static_cast<std::byte>(info.type);
  out[106] = std::byte{info.kind};
  out[107] = std::byte{info.encoding};
  out[108] = std::byte{info.flags};
  out[109] = header.first_of_group ? kFirstOfGroup : std::byte{0};
  const ByteSpan covered = out.subspan(kChecksummedFrom, kFrameHeaderBytes - kChecksummedFrom);
  StoreLe(out.subspan(4), Crc32c(covered, seed));
}

Result<FrameHeader> DecodeFrameHeader(ByteSpan bytes, std::uint32_t seed) {
  if (bytes.size() < kFrameHeaderBytes) return Corrupt("short header");
  if (LoadLe<std::uint32_t>(bytes) != kFrameMagic) return Corrupt("no frame magic");
  const ByteSpan covered = bytes.subspan(kChecksummedFrom, kFrameHeaderBytes - kChecksummedFrom);
  if (LoadLe<std::uint32_t>(bytes.subspan(4)) != Crc32c(covered, seed)) {
    return Corrupt("header checksum mismatch");
  }
  if (bytes[104] != std::byte{kFrameVersion}) return Corrupt("unknown frame version");

  FrameHeader header{.info = LoadInfo(bytes),
                     .position = LoadLe<std::uint64_t>(bytes.subspan(16)),
                     .durable_through = LoadLe<std::uint64_t>(bytes.subspan(24)),
                     .segment = LoadLe<std::uint64_t>(bytes.subspan(32)),
                     .payload_bytes = LoadLe<std::uint32_t>(bytes.subspan(12)),
                     .payload_checksum = LoadLe<std::uint32_t>(bytes.subspan(8)),
                     .first_of_group = bytes[109] == kFirstOfGroup};
  if (header.payload_bytes > kPayloadBytesMax) return Corrupt("payload length out of range");
  if (header.position == 0) return Corrupt("position is zero");
  if (header.durable_through >= header.position) return Corrupt("durable before it was written");
  if (header.info.type != FrameType::kRecords && header.info.type != FrameType::kDefine) {
    return Corrupt("unknown frame type");
  }
  if (bytes[109] > kFirstOfGroup) return Corrupt("unknown placement");
  if (!IsZero(bytes.subspan(kReservedFrom, kFrameHeaderBytes - kReservedFrom))) {
    return Corrupt("reserved bytes set");
  }
  return header;
}

std::uint32_t PayloadChecksum(ByteSpan payload) {
  if (SeededBug(Bug::kChecksumOfLength)) return static_cast<std::uint32_t>(payload.size());
  return Crc32c(payload);
}

Result<FrameView> DecodeFrame(ByteSpan bytes, std::uint32_t seed) {
  ASSIGN_OR_RETURN(const FrameHeader header, DecodeFrameHeader(bytes, seed));
  if (header.payload_bytes > bytes.size() - kFrameHeaderBytes) return Corrupt("short payload");
  const ByteSpan payload = bytes.subspan(kFrameHeaderBytes, header.payload_bytes);
  if (PayloadChecksum(payload) != header.payload_checksum) {
    return Corrupt("payload checksum mismatch");
  }
  return FrameView{.position = header.position, .info = header.info, .payload = payload};
}

}  // namespace strata::wal
