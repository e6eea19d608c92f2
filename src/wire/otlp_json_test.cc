#include "wire/otlp_json.h"

#include <string>

#include <gtest/gtest.h>

#include "model/test_lane.h"
#include "wire/base64.h"
#include "wire/json_number.h"
#include "wire/otlp_decode.h"
#include "wire/otlp_test_requests.h"

namespace strata::wire {
namespace {

using model::Kind;

constexpr std::size_t kRoom = 1 << 20;

std::string ToProtobuf(Kind kind, std::string_view json) {
  const auto buffer = OtlpJsonToProtobuf(kind, AsBytes(json), kRoom);
  EXPECT_TRUE(buffer) << buffer.error().message;
  return buffer ? std::string(AsText(*buffer)) : std::string();
}

std::string LogOf(std::string_view record_json) {
  return ToProtobuf(Kind::kLogs, R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[)" +
                                     std::string(record_json) + "]}]}]}");
}
std::string LogOf(const Message& record) {
  return Message().Add(1, Message().Add(2, Message().Add(2, record))).str();
}

TEST(OtlpJson, TranscodesEveryFieldOfALog) {
  const std::string json = R"({
    "resourceLogs": [{
      "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}],
                   "droppedAttributesCount": 2},
      "scopeLogs": [{
        "scope": {"name": "n", "version": "v"},
        "logRecords": [{
          "timeUnixNano": "1544712660300000000", "observedTimeUnixNano": 1544712660300000001,
          "severityNumber": 10, "severityText": "Information",
          "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "eee19b7ec3c1b174",
          "flags": 1, "eventName": "e",
          "body": {"stringValue": "Example ü"},
          "attributes": [
            {"key": "b", "value": {"boolValue": false}},
            {"key": "i", "value": {"intValue": "-10"}},
            {"key": "j", "value": {"intValue": 10}},
            {"key": "d", "value": {"doubleValue": 637.704}},
            {"key": "a", "value": {"arrayValue": {"values": [{"stringValue": "many"}, {}]}}},
            {"key": "m", "value": {"kvlistValue": {"values": [{"key": "k", "value": {}}]}}},
            {"key": "y", "value": {"bytesValue": "AAEC"}}]}],
        "schemaUrl": "inner"}],
      "schemaUrl": "outer"}]})";
  const auto pair = [](std::string_view key, const Message& value) { return KeyValue(key, value); };
  const Message record =
      Message()
          .Fixed64(1, 1544712660300000000)
          .Varint(2, 10)
          .Bytes(3, "Information")
          .Add(5, StringValue("Example ü"))
          .Add(6, pair("b", Message().Varint(2, 0)))
          .Add(6, pair("i", Message().Varint(3, std::uint64_t(-10))))
          .Add(6, pair("j", Message().Varint(3, 10)))
          .Add(6, pair("d", Message().Double(4, 637.704)))
          .Add(6, pair("a", Message().Add(5, Message().Add(1, StringValue("many")).Add(1, {}))))
          .Add(6, pair("m", Message().Add(6, Message().Add(1, pair("k", {})))))
          .Add(6, pair("y", Message().Bytes(7, std::string("\0\1\2", 3))))
          .Fixed32(8, 1)
          .Bytes(9, "\x5B\x8E\xFF\xF7\x98\x03\x81\x03\xD2\x69\xB6\x33\x81\x3F\xC6\x0C")
          .Bytes(10, "\xee\xe1\x9b\x7e\xc3\xc1\xb1\x74")
          .Fixed64(11, 1544712660300000001)
          .Bytes(12, "e");
  const Message scope =
      Message().Add(1, Message().Bytes(1, "n").Bytes(2, "v")).Add(2, record).Bytes(3, "inner");
  const Message resource =
      Message().Add(1, KeyValue("service.name", StringValue("shop"))).Varint(2, 2);
  const std::string expected =
      Message().Add(1, Message().Add(1, resource).Add(2, scope).Bytes(3, "outer")).str();
  EXPECT_EQ(ToProtobuf(Kind::kLogs, json), expected);
}

TEST(OtlpJson, TranscodesPoints) {
  const std::string json = R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[
    {"name":"h","unit":"ms","histogram":{"aggregationTemporality":2,"dataPoints":[
      {"startTimeUnixNano":"1","timeUnixNano":"2","count":"3","sum":0,"min":-1.5,"max":"Infinity",
       "bucketCounts":["1",2],"explicitBounds":[0.5,"NaN"],
       "exemplars":[{"timeUnixNano":5,"asInt":"-3","spanId":"eee19b7ec3c1b174"}]}]}},
    {"name":"e","exponentialHistogram":{"dataPoints":[
      {"scale":-2,"positive":{"offset":-1,"bucketCounts":["1","300"]},"negative":{}}]}},
    {"name":"q","summary":{"dataPoints":[{"quantileValues":[{"quantile":0.5,"value":2}]}]}},
    {"name":"s","sum":{"isMonotonic":true,"dataPoints":[{"asDouble":1},{"asInt":0}]}}]}]}]})";
  std::string counts;
  ProtoWriter(counts).RawFixed64(1);
  ProtoWriter(counts).RawFixed64(2);
  std::string bounds;
  ProtoWriter(bounds).RawFixed64(std::bit_cast<std::uint64_t>(0.5));
  ProtoWriter(bounds).RawFixed64(0x7ff8000000000000ULL);
  const Message exemplar = Message()
                               .Fixed64(2, 5)
                               .Bytes(4, "\xee\xe1\x9b\x7e\xc3\xc1\xb1\x74")
                               .Fixed64(6, std::uint64_t(-3));
  const Message histogram = Message()
                                .Fixed64(2, 1)
                                .Fixed64(3, 2)
                                .Fixed64(4, 3)
                                .Double(5, 0)
                                .Bytes(6, counts)
                                .Bytes(7, bounds)
                                .Add(8, exemplar)
                                .Double(11, -1.5)
                                .Double(12, std::numeric_limits<double>::infinity());
  const Message exponential =
      Message()
          .Varint(6, EncodeZigZag32(-2))
          .Add(8, Message().Varint(1, EncodeZigZag32(-1)).Bytes(2, "\x01\xAC\x02"))
          .Add(9, {});
  const Message summary = Message().Add(6, Message().Double(1, 0.5).Double(2, 2));
  const Message scope =
      Message()
          .Add(2, Message().Bytes(1, "h").Bytes(3, "ms").Add(
                      9, Message().Add(1, histogram).Varint(2, 2)))
          .Add(2, Message().Bytes(1, "e").Add(10, Message().Add(1, exponential)))
          .Add(2, Message().Bytes(1, "q").Add(11, Message().Add(1, summary)))
          .Add(2, Message().Bytes(1, "s").Add(7, Message()
                                                     .Add(1, Message().Double(4, 1))
                                                     .Add(1, Message().Fixed64(6, 0))
                                                     .Varint(3, 1)));
  EXPECT_EQ(ToProtobuf(Kind::kMetrics, json), Message().Add(1, Message().Add(2, scope)).str());
}

TEST(OtlpJson, OrderWhiteSpaceUnknownKeysAndNullsDoNotMatter) {
  const std::string plain = LogOf(R"({"timeUnixNano":"5","severityText":"x"})");
  EXPECT_EQ(LogOf(R"({ "severityText" : "x",
                       "unknown": [{"deep": [1, 2.5, null]}], "timeUnixNano": 5,
                       "body": null, "attributes": [], "eventName": ""})"),
            plain);
  EXPECT_EQ(LogOf(R"({"severityText":"first","timeUnixNano":5,"severityText":"x"})"), plain);
  EXPECT_EQ(LogOf(R"({"severity_text":"snake case is unknown","timeUnixNano":5.0,
                      "severityText":"x"})"),
            plain);
  // Of a duplicate key even a whole list is replaced.
  EXPECT_EQ(LogOf(R"({"attributes":[{"key":"a"}],"attributes":[{"key":"b"}]})"),
            LogOf(Message().Add(6, Message().Bytes(1, "b"))));
}

TEST(OtlpJson, IdsOfWrongLengthStayWrong) {
  const auto id_bytes = [](std::string_view hex) {
    const std::string empty = LogOf(Message());
    return LogOf(R"({"traceId":")" + std::string(hex) + R"("})").size() - empty.size();
  };
  EXPECT_EQ(id_bytes(""), 0U);
  EXPECT_EQ(id_bytes("0102030405"), 2 + 5U);
  EXPECT_EQ(id_bytes(std::string(32, 'f')), 2 + 16U);
  for (const std::string_view wrong :
       {"x", "zz", "0123456789abcdef0123456789abcdeg", "0123456789abcdef0123456789abcde",
        "0123456789abcdef0123456789abcdef0", "W47/95gDgQPSabYzgT/GDA=="}) {
    EXPECT_NE(id_bytes(wrong), 2 + 16U) << wrong;
    EXPECT_NE(id_bytes(wrong), 0U) << wrong;
  }
}

TEST(OtlpJson, RefusesWhatIsNotOtlp) {
  const char* cases[] = {
      "",
      "nothing",
      "[]",
      "{",
      R"({"resourceLogs":{}})",
      R"({"resourceLogs":[1]})",
      R"({"resourceLogs":[null]})",
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":"INFO"}]}]}]})",
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":1.5}]}]}]})",
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":4294967296}]}]}]})",
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityText":5}]}]}]})",
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"-1"}]}]}]})",
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1 "}]}]}]})",
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":5}]}]}]})",
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":"text"}]}]}]})",
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"bytesValue":"*"}}]}]}]})",
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"doubleValue":"inf"}}]}]}]})",
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"boolValue":1}}]}]}]})",
      R"({"resourceLogs":[]} trailing)",
  };
  for (const char* json : cases) {
    const auto buffer = OtlpJsonToProtobuf(Kind::kLogs, AsBytes(json), kRoom);
    ASSERT_FALSE(buffer) << json;
    EXPECT_EQ(buffer.error().code, Code::kInvalidInput) << json;
  }
}

DecodeOutcome Decoded(std::string_view protobuf) {
  model::TestLane lane(Kind::kLogs, 64);
  model::RowWriter writer(lane);
  const auto outcome = DecodeOtlp(Kind::kLogs, AsBytes(protobuf), {}, writer);
  EXPECT_TRUE(outcome) << outcome.error().message;
  return outcome ? *outcome : DecodeOutcome{};
}

TEST(OtlpJson, WhatIsNoTextRejectsItsRecordAlone) {
  // The mark that is tried first stands in the document as itself and as an escape.
  const std::string good = "{\"body\":{\"stringValue\":\"\xEF\xB7\x90 \\uFDD1 \\ud83d\\ude00 ü\"}}";
  for (const char* bad : {"\xff", "\xc3", "\xe2\x82", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\\ud800",
                          "\\uDC00", "\\ud83d\\ud83d", "\\ud83d\\n"}) {
    const std::string field = std::string("\"a") + bad + "z\"";
    for (const std::string& record :
         {"{\"body\":{\"stringValue\":" + field + "}}",
          "{\"attributes\":[{\"key\":" + field + ",\"value\":{\"intValue\":1}}]}",
          "{\"traceId\":" + field + "}"}) {
      const DecodeOutcome outcome = Decoded(LogOf(good + "," + record + "," + good));
      EXPECT_EQ(outcome.accepted, 2U) << record;
      EXPECT_EQ(outcome.rejected, 1U) << record;
    }
    EXPECT_FALSE(OtlpJsonToProtobuf(Kind::kLogs, AsBytes(std::string("{} ") + bad), kRoom));
  }
}

TEST(OtlpJson, DepthAndSizeAreBounded) {
  std::string deep = R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":)";
  for (int i = 0; i < 100'000; ++i) deep += R"({"arrayValue":{"values":[)";
  EXPECT_FALSE(OtlpJsonToProtobuf(Kind::kLogs, AsBytes(deep), kRoom));
  for (int i = 0; i < 100'000; ++i) deep += "]}}";
  deep += "}]}]}]}";
  const auto nested = OtlpJsonToProtobuf(Kind::kLogs, AsBytes(deep), 64 << 20);
  ASSERT_TRUE(nested) << "the decoder rejects that one record, not the request";
  EXPECT_EQ(Decoded(AsText(*nested)).rejected, 1U);
  const std::string deeper(2'000'000, '[');
  const auto refused = OtlpJsonToProtobuf(Kind::kLogs, AsBytes(deeper), 64 << 20);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalidInput);

  std::string wide = R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":)";
  wide += R"({"dataPoints":[{"bucketCounts":[0)";
  for (int i = 0; i < 10'000; ++i) wide += ",0";
  wide += "]}]}}]}]}]}";
  const auto large = OtlpJsonToProtobuf(Kind::kMetrics, AsBytes(wide), 30'000);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Code::kTooLarge);
  EXPECT_TRUE(OtlpJsonToProtobuf(Kind::kMetrics, AsBytes(wide), 100'000));
}

TEST(Base64, BothWays) {
  for (const auto& [bytes, text] : {std::pair<std::string, std::string>{"", ""},
                                    {"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foo", "Zm9v"},
                                    {"\xFB\xFF", "+/8="}}) {
    std::string encoded;
    AppendBase64(encoded, bytes);
    EXPECT_EQ(encoded, text);
    EXPECT_EQ(DecodeBase64(text), bytes);
  }
  EXPECT_EQ(DecodeBase64("-_8"), "\xFB\xFF");
  EXPECT_EQ(DecodeBase64("A"), std::nullopt);
  EXPECT_EQ(DecodeBase64("A*=="), std::nullopt);
}

TEST(JsonDouble, ReadsBackExactly) {
  for (const double value : {0.0, -0.0, 0.1, 1e15, -1e15, 123456789012345680000.0, 1e300, 5e-324}) {
    std::string json;
    AppendJsonDouble(json, value);
    EXPECT_EQ(LogOf(R"({"body":{"doubleValue":)" + json + "}}"),
              LogOf(Message().Add(5, Message().Double(4, value))))
        << json;
  }
}

}  // namespace
}  // namespace strata::wire
