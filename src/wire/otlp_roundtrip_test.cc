// What comes in can go out again exactly: requests into blocks and back.
#include <string>

#include <gtest/gtest.h>

#include "model/test_lane.h"
#include "wire/otlp_decode.h"
#include "wire/otlp_encode.h"
#include "wire/otlp_json.h"
#include "wire/otlp_test_requests.h"
#include "wire/otlp_to_json.h"

namespace strata::wire {
namespace {

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) {
    constexpr const char* kDigits = "0123456789abcdef";
    hex += kDigits[static_cast<unsigned char>(byte) >> 4];
    hex += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return hex;
}

// Blocks of `block_rows` rows, so that requests span them.
void ExpectRoundTrips(model::Kind kind, std::uint32_t seed, std::uint32_t block_rows) {
  RandomRequests requests(seed);
  model::TestLane lane(kind, block_rows);
  std::vector<std::string> sent;
  std::uint64_t records = 0;
  for (std::uint64_t position = 1; position <= 150; ++position) {
    sent.push_back(requests.Make(kind));
    model::RowWriter writer(lane);
    const auto outcome = DecodeOtlp(kind, AsBytes(sent.back()), Limits{}, writer);
    ASSERT_TRUE(outcome) << outcome.error().message;
    ASSERT_EQ(outcome->rejected, 0U) << outcome->message;
    const auto count = CountRecords(kind, AsBytes(sent.back()));
    ASSERT_TRUE(count);
    ASSERT_EQ(*count, outcome->accepted);
    lane.Publish(writer, position);
    records += outcome->accepted;
  }
  EXPECT_GT(records, 500U);
  const std::vector<model::BlockSlice> slices = lane.Slices();
  for (std::uint64_t position = 1; position <= sent.size(); ++position) {
    const auto canonical = CanonicalOtlp(kind, AsBytes(sent[position - 1]));
    ASSERT_TRUE(canonical);
    const std::string encoded = EncodePosition(slices, position);
    ASSERT_EQ(Hex(encoded), Hex(*canonical))
        << "seed " << seed << " position " << position << " " << Hex(sent[position - 1]);
    // Canonical form is a fixed point.
    const auto again = CanonicalOtlp(kind, AsBytes(encoded));
    ASSERT_TRUE(again);
    ASSERT_EQ(*again, encoded);
  }
}

class OtlpRoundTrip : public testing::TestWithParam<model::Kind> {};

TEST_P(OtlpRoundTrip, RandomRequestsComeBack) {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    ExpectRoundTrips(GetParam(), seed, /*block_rows=*/4096);
  }
}

TEST_P(OtlpRoundTrip, RequestsSpanSmallBlocks) {
  for (std::uint32_t seed = 100; seed <= 102; ++seed) {
    ExpectRoundTrips(GetParam(), seed, /*block_rows=*/7);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, OtlpRoundTrip, testing::ValuesIn(model::kKinds),
                         [](const auto& tested) { return std::string(KindName(tested.param)); });

TEST(OtlpToJson, ComesBackAsTheSameRequest) {
  for (const model::Kind kind : model::kKinds) {
    RandomRequests requests(17);
    for (int i = 0; i < 100; ++i) {
      const std::string sent = requests.Make(kind);
      const auto json = OtlpProtobufToJson(kind, AsBytes(sent));
      ASSERT_TRUE(json);
      const auto back = OtlpJsonToProtobuf(kind, AsBytes(*json), 64 << 20);
      ASSERT_TRUE(back) << back.error().message << "\n" << *json;
      EXPECT_EQ(Hex(*CanonicalOtlp(kind, *back)), Hex(*CanonicalOtlp(kind, AsBytes(sent))))
          << *json;
    }
  }
}

TEST(OtlpToJson, RefusesWhatIsDamaged) {
  EXPECT_FALSE(OtlpProtobufToJson(model::Kind::kLogs, AsBytes("\x0a\x7f")));
  EXPECT_EQ(*OtlpProtobufToJson(model::Kind::kLogs, AsBytes("")), "{}");
}

}  // namespace
}  // namespace strata::wire
