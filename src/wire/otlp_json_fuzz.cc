// Properties: transcoding arbitrary bytes stays inside them and under the limit, and what comes out
// is protobuf that the decoder takes. FUZZ_KIND is the kind of the target.
#include <cstdint>

#include "base/check.h"
#include "model/test_lane.h"
#include "wire/otlp_decode.h"
#include "wire/otlp_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;  // NOLINT(google-build-using-namespace)
  constexpr model::Kind kKind = model::Kind::FUZZ_KIND;
  constexpr std::size_t kLimit = 100'000;
  const ByteSpan json = std::as_bytes(std::span(data, size));
  const auto request = wire::OtlpJsonToProtobuf(kKind, json, kLimit);
  if (!request) return 0;
  CHECK(request->size() <= kLimit);
  model::TestLane lane(kKind, 64);
  model::RowWriter writer(lane);
  CHECK(wire::DecodeOtlp(kKind, *request, wire::Limits{}, writer));
  return 0;
}
