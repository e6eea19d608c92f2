// Properties: decoding arbitrary bytes stays inside them; what is accepted whole comes back from
// the block as the request's canonical form. FUZZ_KIND is the kind of the target.
#include <cstdint>

#include "base/check.h"
#include "model/test_lane.h"
#include "wire/otlp_decode.h"
#include "wire/otlp_encode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;  // NOLINT(google-build-using-namespace)
  constexpr model::Kind kKind = model::Kind::FUZZ_KIND;
  const ByteSpan request = std::as_bytes(std::span(data, size));
  const auto canonical = wire::CanonicalOtlp(kKind, request);
  model::TestLane lane(kKind, 64);
  model::RowWriter writer(lane);
  const auto outcome = wire::DecodeOtlp(kKind, request, wire::Limits{}, writer);
  if (!outcome) return 0;
  lane.Publish(writer, 1);
  const std::string encoded = wire::EncodePosition(lane.Slices(), 1);
  const auto again = wire::CountRecords(kKind, AsBytes(encoded));
  CHECK(again && *again == outcome->accepted);
  if (outcome->message.empty() && canonical) {
    // NaNs of values lose their payload, so the encoded form is compared with its own canonical
    // form.
    CHECK(wire::CanonicalOtlp(kKind, AsBytes(encoded)).value() == encoded);
  }
  return 0;
}
