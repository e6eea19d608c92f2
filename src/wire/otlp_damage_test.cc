// Bytes that no sender means: the decoder neither crashes nor takes long, and the next request is
// decoded as if nothing had happened.
#include <string>

#include <gtest/gtest.h>

#include "model/test_lane.h"
#include "wire/block_rows.h"
#include "wire/otlp_decode.h"
#include "wire/otlp_encode.h"
#include "wire/otlp_test_requests.h"

namespace strata::wire {
namespace {

using model::Kind;

Result<DecodeOutcome> Decode(Kind kind, const std::string& request, model::TestLane& lane) {
  model::RowWriter writer(lane);
  // Checked by the same walks that tests of the round trip trust.
  (void)CanonicalOtlp(kind, AsBytes(request));
  (void)CountRecords(kind, AsBytes(request));
  return DecodeOtlp(kind, AsBytes(request), Limits{}, writer);
}

class OtlpDamage : public testing::TestWithParam<Kind> {
 protected:
  // A request of moderate size in which most fields occur.
  std::string Request() const {
    for (std::uint32_t seed = 1;; ++seed) {
      std::string request = RandomRequests(seed).Make(GetParam());
      if (request.size() > 500 && request.size() < 1500) return request;
    }
  }
};

TEST_P(OtlpDamage, TruncatedAtEveryByte) {
  model::TestLane lane(GetParam(), 4096);
  const std::string request = Request();
  for (std::size_t size = 0; size < request.size(); ++size) {
    const auto outcome = Decode(GetParam(), request.substr(0, size), lane);
    EXPECT_TRUE(outcome || outcome.error().code == Code::kInvalidInput);
  }
  EXPECT_TRUE(Decode(GetParam(), request, lane));
}

TEST_P(OtlpDamage, EveryBitFlipped) {
  model::TestLane lane(GetParam(), 4096);
  const std::string request = Request();
  for (std::size_t bit = 0; bit < request.size() * 8; ++bit) {
    std::string damaged = request;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    const auto outcome = Decode(GetParam(), damaged, lane);
    EXPECT_TRUE(outcome || outcome.error().code == Code::kInvalidInput);
  }
  // Whatever came before, a good request comes back whole.
  model::RowWriter writer(lane);
  ASSERT_TRUE(DecodeOtlp(GetParam(), AsBytes(request), Limits{}, writer));
  lane.Publish(writer, 1);
  EXPECT_EQ(EncodePosition(lane.Slices(), 1), *CanonicalOtlp(GetParam(), AsBytes(request)));
}

// A known field with a wrong wire type spoils the request; an unknown field does not.
TEST_P(OtlpDamage, WrongWireTypesOfEveryField) {
  const std::string field_bytes[] = {std::string("\x01"),
                                     std::string(8, '\0'),
                                     std::string("\x00", 1),
                                     "",
                                     "",
                                     std::string(4, '\0'),
                                     "",
                                     ""};
  model::TestLane lane(GetParam(), 4096);
  const auto wrap = [](const std::string& record, int levels) {
    std::string message = record;
    for (int level = levels; level > 0; --level) {
      message = Message().Bytes(level == 1 ? 1 : 2, message).str();
    }
    return message;
  };
  for (int levels = 0; levels <= 3; ++levels) {
    for (std::uint32_t field = 1; field <= 30; ++field) {
      int taken = 0;
      for (std::uint32_t wire_type = 0; wire_type < 8; ++wire_type) {
        std::string bytes;
        ProtoWriter(bytes).RawVarint(Tag(field, wire_type));
        bytes += field_bytes[wire_type];
        const auto outcome = Decode(GetParam(), wrap(bytes, levels), lane);
        if (outcome) {
          ++taken;
          EXPECT_TRUE(wire_type <= 2 || wire_type == 5);
        } else {
          EXPECT_EQ(outcome.error().code, Code::kInvalidInput);
        }
      }
      // Four wire types of an unknown field, one of a known one.
      EXPECT_TRUE(taken == 4 || taken == 1) << levels << " " << field << " " << taken;
    }
  }
}

TEST_P(OtlpDamage, FieldNumberZeroAndEndlessVarints) {
  model::TestLane lane(GetParam(), 64);
  EXPECT_FALSE(Decode(GetParam(), std::string("\x00\x01", 2), lane));
  EXPECT_FALSE(Decode(GetParam(), std::string("\x02\x00", 2), lane));
  EXPECT_FALSE(Decode(GetParam(), std::string(11, '\xFF'), lane));
  EXPECT_FALSE(Decode(GetParam(), "\x0a" + std::string(10, '\xFF'), lane));
  EXPECT_FALSE(Decode(GetParam(), "\x0a\x7f", lane));
}

INSTANTIATE_TEST_SUITE_P(Kinds, OtlpDamage, testing::ValuesIn(model::kKinds),
                         [](const auto& tested) { return std::string(KindName(tested.param)); });

TEST(OtlpAttack, ValuesNestedAHundredThousandDeepAreRejectedAlone) {
  // From the inside out, in a buffer that grows at its front.
  constexpr std::size_t kDepth = 100'000;
  std::string reversed;
  const auto prepend_length = [&reversed](std::size_t size, char tag) {
    std::string varint;
    ProtoWriter(varint).RawVarint(size);
    reversed.append(varint.rbegin(), varint.rend());
    reversed += tag;
  };
  for (std::size_t i = 0; i < kDepth; ++i) {
    prepend_length(reversed.size(), '\x0a');  // ArrayValue.values
    prepend_length(reversed.size(), '\x2a');  // AnyValue.array_value
  }
  const std::string value(reversed.rbegin(), reversed.rend());
  Message body;
  body.Bytes(5, value);
  Message attribute;
  attribute.Add(6, Message().Bytes(1, "k").Bytes(2, value));
  model::TestLane lane(Kind::kLogs, 64);
  const auto outcome =
      Decode(Kind::kLogs, RequestOf({Message().Fixed64(1, 1), body, attribute}), lane);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->accepted, 1U);
  EXPECT_EQ(outcome->rejected, 2U);
}

TEST(OtlpAttack, AMillionEmptyAttributes) {
  std::string record;
  for (int i = 0; i < 1'000'000; ++i) record += std::string("\x32\x00", 2);
  model::TestLane lane(Kind::kLogs, 64);
  const auto outcome = Decode(Kind::kLogs, RequestOf({Message().Raw(record)}), lane);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->accepted, 1U);
  EXPECT_EQ(outcome->cut_attributes, 1'000'000U - 1024);
  EXPECT_LT(lane.current()->bytes(), 1U << 20);
  const LogRow row = LogRowOf(*lane.current(), 0);
  EXPECT_EQ(row.attributes.size(), 1U);
  EXPECT_EQ(row.dropped_attributes_count, 1'000'000U - 1024);
}

TEST(OtlpAttack, BucketsWithoutEndRejectThePoint) {
  const Message buckets = Message().Bytes(2, std::string(1'000'000, '\0'));
  const Message metric =
      Message().Bytes(1, "m").Add(10, Message().Add(1, Message().Add(8, buckets)));
  model::TestLane lane(Kind::kMetrics, 64);
  const auto outcome = Decode(Kind::kMetrics, RequestOf({metric}), lane);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->message,
            "1 of 1 data points were rejected: more than 65536 buckets at record 0");
}

TEST(OtlpAttack, AHundredThousandEmptyRecords) {
  std::string scope;
  for (int i = 0; i < 100'000; ++i) scope += std::string("\x12\x00", 2);
  const std::string request = Message().Add(1, Message().Bytes(2, scope)).str();
  for (const Kind kind : {Kind::kLogs, Kind::kSpans}) {
    model::TestLane lane(kind, model::kBlockRowsMax);
    const auto outcome = Decode(kind, request, lane);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->accepted, 100'000U);
  }
}

}  // namespace
}  // namespace strata::wire
