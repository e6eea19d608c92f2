#include "store/scrub_progress.h"

#include "store/checked_file.h"
#include "store/coding.h"

namespace strata::store {
namespace {

constexpr CheckedKind kKind{.magic = 0x4253415441525453,  // "STRATASB"
                            .version = 1,
                            .stranger = "no progress of a scrub"};

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
  return EncodeChecked(kKind, body.bytes());
}

Result<ScrubProgress> DecodeScrubProgress(ByteSpan bytes) {
  ASSIGN_OR_RETURN(const ByteSpan body, DecodeChecked(kKind, bytes));
  FieldReader in(body);
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
    return Error{Code::kCorrupt, "short or invalid"};
  }
  return progress;
}

}  // namespace strata::store
