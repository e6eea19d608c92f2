#include "store/scrub_progress.h"

#include "base/crc32c.h"
#include "store/coding.h"

namespace strata::store {
namespace {

constexpr std::uint64_t kMagic = 0x4253415441525453;  // "STRATASB"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kChecked = 16;  // where the checksummed bytes begin

Error Corrupt(const char* what) {
  return {Code::kCorrupt, what};
}

}  // namespace

Bytes EncodeScrubProgress(const ScrubProgress& progress) {
  FieldWriter body;
  body.Put(progress.round);
  body.Put(static_cast<std::uint8_t>(progress.place.stage));
  body.PutText(progress.place.name);
  body.Put(progress.place.collection);
  body.Put(progress.place.position);
  body.Put(progress.elapsed_ns);
  body.Put(progress.bytes);
  body.Put(progress.files);
  body.Put(progress.damaged);
  body.Put(progress.began_ns);
  body.Put(progress.completed_ns);
  FieldWriter out;
  out.Put(kMagic);
  out.Put(kVersion);
  out.Put(Crc32c(body.bytes()));
  Bytes bytes = out.Take();
  bytes.insert(bytes.end(), body.bytes().begin(), body.bytes().end());
  return bytes;
}

Result<ScrubProgress> DecodeScrubProgress(ByteSpan bytes) {
  if (bytes.size() < kChecked) return Corrupt("short header");
  FieldReader in(bytes);
  if (in.Take<std::uint64_t>() != kMagic) return Corrupt("no progress of a scrub");
  const auto version = in.Take<std::uint32_t>();
  if (in.Take<std::uint32_t>() != Crc32c(bytes.subspan(kChecked))) {
    return Corrupt("checksum mismatch");
  }
  if (version != kVersion) return Corrupt("unknown version");
  ScrubProgress progress;
  progress.round = in.Take<std::uint64_t>();
  const auto stage = in.Take<std::uint8_t>();
  progress.place.stage = static_cast<ScrubStage>(stage);
  progress.place.name = in.TakeText();
  progress.place.collection = in.Take<std::uint32_t>();
  progress.place.position = in.Take<std::uint64_t>();
  progress.elapsed_ns = in.Take<std::uint64_t>();
  progress.bytes = in.Take<std::uint64_t>();
  progress.files = in.Take<std::uint64_t>();
  progress.damaged = in.Take<std::uint64_t>();
  progress.began_ns = in.Take<std::int64_t>();
  progress.completed_ns = in.Take<std::int64_t>();
  if (!in.ok() || !in.empty() || stage > static_cast<std::uint8_t>(ScrubStage::kEnd)) {
    return Corrupt("short or invalid");
  }
  return progress;
}

}  // namespace strata::store
