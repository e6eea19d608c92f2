// What the decoder stores, rejects, cuts and says about it.
#include "wire/otlp_decode.h"

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "model/test_lane.h"
#include "wire/block_rows.h"
#include "wire/otlp_test_requests.h"

namespace strata::wire {
namespace {

using model::AnyType;
using model::Kind;

const std::string kTraceId = "0123456789abcdef";
const std::string kSpanId = "01234567";

// One request, decoded into a lane of its own.
class Decoded {
 public:
  Decoded(Kind kind, const std::string& request, const Limits& limits = {})
      : lane_(kind, 4096), writer_(lane_) {
    auto decoded = DecodeOtlp(kind, AsBytes(request), limits, writer_);
    if (!decoded) {
      error = decoded.error();
      return;
    }
    outcome = *decoded;
    lane_.Publish(writer_, 1);
  }

  const model::Block& block() { return *lane_.current(); }
  LogRow Log(std::uint32_t row = 0) { return LogRowOf(block(), row); }
  SpanRow Span(std::uint32_t row = 0) { return SpanRowOf(block(), row); }
  MetricRow Metric(std::uint32_t row = 0) { return MetricRowOf(block(), row); }
  std::uint32_t Ordinal(std::uint32_t row) {
    const model::Chunk* chunk = block().fixed(model::kOrdinal).chunk(0);
    return chunk == nullptr ? 0 : chunk->values<std::uint32_t>()[row];
  }

  DecodeOutcome outcome;
  std::optional<Error> error;

 private:
  model::TestLane lane_;
  model::RowWriter writer_;
};

TypedText Typed(AnyType type, std::string_view text) {
  return {.type = type, .text = std::string(text)};
}

TEST(DecodeOtlp, ReadsEveryFieldOfALogRecord) {
  Decoded decoded(Kind::kLogs, RequestOf({Message()
                                              .Fixed64(1, 1000)
                                              .Varint(2, 17)
                                              .Bytes(3, "ERROR")
                                              .Add(5, StringValue("boom"))
                                              .Add(6, KeyValue("k", StringValue("v")))
                                              .Varint(7, 3)
                                              .Fixed32(8, 1)
                                              .Bytes(9, kTraceId)
                                              .Bytes(10, kSpanId)
                                              .Fixed64(11, 2000)
                                              .Bytes(12, "event")}));
  ASSERT_FALSE(decoded.error);
  EXPECT_EQ(decoded.outcome.accepted, 1U);
  EXPECT_EQ(decoded.outcome.message, "");
  EXPECT_TRUE(decoded.outcome.every_record_has_time);
  const LogRow row = decoded.Log();
  EXPECT_EQ(row.time, 1000U);
  EXPECT_EQ(row.observed_time, 2000U);
  EXPECT_EQ(row.severity_number, 17);
  EXPECT_EQ(row.severity_text, "ERROR");
  EXPECT_EQ(row.body, Typed(AnyType::kString, "boom"));
  EXPECT_EQ(row.attributes, (AttributeTexts{{"k", Typed(AnyType::kString, "v")}}));
  EXPECT_EQ(row.dropped_attributes_count, 3U);
  EXPECT_EQ(row.flags, 1U);
  EXPECT_EQ(row.trace_id, kTraceId);
  EXPECT_EQ(row.span_id, kSpanId);
  EXPECT_EQ(row.event_name, "event");
  const model::Resource& resource = decoded.block().resources()[0];
  EXPECT_EQ(resource.service_name.view(), "shop");
  EXPECT_EQ(decoded.block().scopes()[0].name.view(), "scope");
}

TEST(DecodeOtlp, KeepsEveryTypeOfValue) {
  const Message array = Message().Add(1, StringValue("x\"")).Add(1, Message().Varint(3, 5));
  const Message map = Message().Add(1, KeyValue("k", Message().Double(4, -0.0)));
  const struct {
    Message value;
    TypedText kept;
  } cases[] = {
      {StringValue("text"), Typed(AnyType::kString, "text")},
      {Message().Varint(2, 1), Typed(AnyType::kBool, "true")},
      {Message().Varint(3, std::uint64_t(-7)), Typed(AnyType::kInt, "-7")},
      {Message().Double(4, 0.1), Typed(AnyType::kDouble, "0.1")},
      {Message().Double(4, std::numeric_limits<double>::infinity()),
       Typed(AnyType::kDouble, "Infinity")},
      {Message().Bytes(7, std::string("\0\1\2", 3)), Typed(AnyType::kBytes, "AAEC")},
      {Message().Add(5, array),
       Typed(AnyType::kArray, R"({"values":[{"stringValue":"x\""},{"intValue":"5"}]})")},
      {Message().Add(6, map),
       Typed(AnyType::kMap, R"({"values":[{"key":"k","value":{"doubleValue":-0.0}}]})")},
      {Message(), Typed(AnyType::kEmpty, "")},
      // Of a oneof the last member counts.
      {Message().Varint(3, 1).Bytes(1, "last"), Typed(AnyType::kString, "last")},
  };
  for (const auto& [value, kept] : cases) {
    Decoded decoded(Kind::kLogs, RequestOf({Message().Add(5, value).Add(6, KeyValue("k", value))}));
    ASSERT_FALSE(decoded.error);
    EXPECT_EQ(decoded.Log().body, kept);
    EXPECT_EQ(decoded.Log().attributes, (AttributeTexts{{"k", kept}}));
  }
  Decoded without(Kind::kLogs, RequestOf({Message()}));
  EXPECT_EQ(without.Log().body, std::nullopt);
  EXPECT_FALSE(without.outcome.every_record_has_time);
}

TEST(DecodeOtlp, ReadsEveryFieldOfASpan) {
  const Message event = Message()
                            .Fixed64(1, 11)
                            .Bytes(2, "retry")
                            .Add(3, KeyValue("b", StringValue("2")))
                            .Add(3, KeyValue("a", Message().Varint(3, 1)))
                            .Varint(4, 9);
  const Message link = Message()
                           .Bytes(1, kTraceId)
                           .Bytes(2, kSpanId)
                           .Bytes(3, "s=1")
                           .Add(4, KeyValue("l", StringValue("m")))
                           .Varint(5, 4)
                           .Fixed32(6, 0x100);
  Decoded decoded(Kind::kSpans, RequestOf({Message()
                                               .Bytes(1, kTraceId)
                                               .Bytes(2, kSpanId)
                                               .Bytes(3, "w=2")
                                               .Bytes(4, "parentid")
                                               .Bytes(5, "GET /")
                                               .Varint(6, 2)
                                               .Fixed64(7, 10)
                                               .Fixed64(8, 20)
                                               .Add(9, KeyValue("k", StringValue("v")))
                                               .Varint(10, 1)
                                               .Add(11, event)
                                               .Varint(12, 2)
                                               .Add(13, link)
                                               .Varint(14, 3)
                                               .Add(15, Message().Bytes(2, "bad").Varint(3, 2))
                                               .Fixed32(16, 0x301)}));
  ASSERT_FALSE(decoded.error);
  const SpanRow row = decoded.Span();
  EXPECT_EQ(row.trace_id, kTraceId);
  EXPECT_EQ(row.span_id, kSpanId);
  EXPECT_EQ(row.trace_state, "w=2");
  EXPECT_EQ(row.parent_span_id, "parentid");
  EXPECT_EQ(row.name, "GET /");
  EXPECT_EQ(row.kind, 2);
  EXPECT_EQ(row.start_time, 10U);
  EXPECT_EQ(row.end_time, 20U);
  EXPECT_EQ(row.dropped_attributes_count, 1U);
  EXPECT_EQ(row.dropped_events_count, 2U);
  EXPECT_EQ(row.dropped_links_count, 3U);
  EXPECT_TRUE(row.has_status);
  EXPECT_EQ(row.status_message, "bad");
  EXPECT_EQ(row.status_code, 2);
  EXPECT_EQ(row.flags, 0x301U);
  ASSERT_EQ(row.events.size(), 1U);
  EXPECT_EQ(row.events[0].time, 11U);
  EXPECT_EQ(row.events[0].name, "retry");
  EXPECT_EQ(row.events[0].attributes, (AttributeTexts{{"a", Typed(AnyType::kInt, "1")},
                                                      {"b", Typed(AnyType::kString, "2")}}));
  EXPECT_EQ(row.events[0].dropped_attributes_count, 9U);
  ASSERT_EQ(row.links.size(), 1U);
  EXPECT_EQ(row.links[0].trace_id, kTraceId);
  EXPECT_EQ(row.links[0].trace_state, "s=1");
  EXPECT_EQ(row.links[0].flags, 0x100U);
  EXPECT_EQ(row.links[0].dropped_attributes_count, 4U);
}

TEST(DecodeOtlp, EachDataPointIsARowAndNumbersAreCountedOverAll) {
  const auto point = [](std::uint64_t time) { return Message().Fixed64(3, time); };
  const Message gauge = Message().Bytes(1, "g").Add(
      5, Message().Add(1, point(1).Double(4, 1.5)).Add(1, point(2).Fixed64(6, 7)));
  const Message sum = Message().Bytes(1, "s").Bytes(3, "By").Add(
      7, Message().Varint(2, 2).Varint(3, 1).Add(1, point(0).Fixed64(6, std::uint64_t(-3))));
  const Message none = Message().Bytes(1, "no data");
  Decoded decoded(Kind::kMetrics, RequestOf({gauge, none, sum}));
  ASSERT_FALSE(decoded.error);
  EXPECT_EQ(decoded.outcome.accepted, 3U);
  EXPECT_FALSE(decoded.outcome.every_record_has_time);
  EXPECT_EQ(decoded.Metric(0).value_double, 1.5);
  EXPECT_EQ(decoded.Metric(0).value_int, std::nullopt);
  EXPECT_EQ(decoded.Metric(1).value_int, 7);
  const model::Column& values = decoded.block().fixed(model::kMetricValue);
  EXPECT_EQ(values.chunk(0)->values<double>()[1], 7.0);
  const MetricRow third = decoded.Metric(2);
  EXPECT_EQ(third.name, "s");
  EXPECT_EQ(third.unit, "By");
  EXPECT_EQ(third.type, model::MetricType::kSum);
  EXPECT_EQ(third.value_int, -3);
  EXPECT_TRUE(third.is_monotonic);
  EXPECT_EQ(third.aggregation_temporality, 2);
  for (std::uint32_t row = 0; row < 3; ++row) EXPECT_EQ(decoded.Ordinal(row), row);
}

TEST(DecodeOtlp, RejectsTheRecordThatCannotBeStoredAndKeepsTheOthers) {
  const std::string bad_utf8 = "\xC3(";
  const std::uint64_t year_2500 = 16725225600ULL * 1'000'000'000;
  Message deep = StringValue("bottom");
  for (int i = 0; i < 33; ++i) deep = Message().Add(5, Message().Add(1, deep));
  const struct {
    Message record;
    std::string reason;
  } cases[] = {
      {Message().Bytes(9, "12345"), "trace_id of 5 bytes"},
      {Message().Bytes(10, kTraceId), "span_id of 16 bytes"},
      {Message().Fixed64(1, year_2500), "time_unix_nano is beyond April 2262"},
      {Message().Fixed64(11, std::uint64_t(-1)), "observed_time_unix_nano is beyond April 2262"},
      {Message().Varint(2, 256), "severity_number 256 is out of range"},
      {Message().Varint(2, std::uint64_t(-1)), "severity_number -1 is out of range"},
      {Message().Bytes(3, bad_utf8), "severity_text is not valid UTF-8"},
      {Message().Bytes(12, bad_utf8), "event_name is not valid UTF-8"},
      {Message().Add(5, StringValue(bad_utf8)), "body is not valid UTF-8"},
      {Message().Add(6, KeyValue(bad_utf8, StringValue("v"))),
       "an attribute key is not valid UTF-8"},
      {Message().Add(6, KeyValue("k", StringValue(bad_utf8))),
       "an attribute value is not valid UTF-8"},
      {Message().Add(6, KeyValue("k", Message().Add(5, Message().Add(1, StringValue(bad_utf8))))),
       "a nested string is not valid UTF-8"},
      {Message().Add(5, deep), "values nested deeper than 32"},
  };
  const Message good = Message().Fixed64(1, 5).Add(6, KeyValue("k", StringValue("good")));
  for (const auto& [record, reason] : cases) {
    SCOPED_TRACE(reason);
    Message bad = Message().Add(6, KeyValue("left", StringValue("over")));
    bad.Raw(record.str());
    Decoded decoded(Kind::kLogs, RequestOf({good, bad, good}));
    ASSERT_FALSE(decoded.error);
    EXPECT_EQ(decoded.outcome.accepted, 2U);
    EXPECT_EQ(decoded.outcome.rejected, 1U);
    EXPECT_EQ(decoded.outcome.message,
              "1 of 3 log records were rejected: " + reason + " at record 1");
    EXPECT_EQ(decoded.Ordinal(0), 0U);
    EXPECT_EQ(decoded.Ordinal(1), 2U);
    EXPECT_EQ(decoded.Log(1).attributes, (AttributeTexts{{"k", Typed(AnyType::kString, "good")}}));
  }
}

TEST(DecodeOtlp, TakesNestingUpToTheLimit) {
  Message deep = StringValue("bottom");
  for (int i = 0; i < 32; ++i) deep = Message().Add(5, Message().Add(1, deep));
  Decoded decoded(Kind::kLogs, RequestOf({Message().Add(5, deep)}));
  EXPECT_EQ(decoded.outcome.accepted, 1U) << decoded.outcome.message;
}

TEST(DecodeOtlp, RejectsSpansAndPointsWithTheirOwnReasons) {
  const Message span = Message().Add(11, Message().Fixed64(1, std::uint64_t(1) << 63));
  Decoded spans(Kind::kSpans, RequestOf({span, Message().Varint(6, 999),
                                         Message().Add(13, Message().Bytes(2, "x"))}));
  EXPECT_EQ(spans.outcome.message,
            "3 of 3 spans were rejected: time_unix_nano of an event is beyond April 2262 at record "
            "0; kind 999 is out of range at record 1; span_id of a link of 1 bytes at record 2");
  const Message exemplar = Message().Bytes(5, "short");
  const Message metric =
      Message().Bytes(1, "m").Add(5, Message().Add(1, Message().Add(5, exemplar)));
  const Message unnamed = Message().Bytes(1, "\xFF").Add(
      5, Message().Add(1, Message().Fixed64(3, 1)).Add(1, Message().Fixed64(3, 2)));
  Decoded metrics(Kind::kMetrics, RequestOf({metric, unnamed}));
  EXPECT_EQ(metrics.outcome.message,
            "3 of 3 data points were rejected: trace_id of an exemplar of 5 bytes at record 0; "
            "metric name is not valid UTF-8 at record 1; metric name is not valid UTF-8 at record "
            "2");
}

TEST(DecodeOtlp, ABadResourceOrScopeRejectsItsRecordsOnly) {
  const auto group = [](std::string_view service, std::string_view scope) {
    return Message()
        .Add(1, Message().Add(1, KeyValue("service.name", StringValue(service))))
        .Add(2, Message().Add(1, Message().Bytes(1, scope)).Add(2, Message()).Add(2, Message()));
  };
  const std::string request = Message()
                                  .Add(1, group("one", "s"))
                                  .Add(1, group("\xFF", "s"))
                                  .Add(1, group("two", "\xFF"))
                                  .Add(1, group("three", "s"))
                                  .str();
  Decoded decoded(Kind::kLogs, request);
  ASSERT_FALSE(decoded.error);
  EXPECT_EQ(decoded.outcome.accepted, 4U);
  EXPECT_EQ(decoded.outcome.rejected, 4U);
  EXPECT_EQ(decoded.block().resources().size(), 2U);
  EXPECT_EQ(decoded.Ordinal(2), 6U);
  EXPECT_EQ(decoded.outcome.message,
            "4 of 8 log records were rejected: resource: an attribute value is not valid UTF-8 at "
            "record 2; resource: an attribute value is not valid UTF-8 at record 3; scope: scope "
            "name is not valid UTF-8 at record 4; scope: scope name is not valid UTF-8 at record "
            "5");
}

TEST(DecodeOtlp, HeadsMayComeAfterTheirRecordsAndInPieces) {
  const auto attribute = [](std::string_view key) {
    return Message().Add(1, KeyValue(key, StringValue("v")));
  };
  const Message scope = Message().Add(2, Message()).Bytes(3, "url").Add(1, Message().Bytes(1, "s"));
  const std::string request =
      Message().Add(1, Message().Add(2, scope).Add(1, attribute("b")).Add(1, attribute("a"))).str();
  Decoded decoded(Kind::kLogs, request);
  ASSERT_FALSE(decoded.error);
  const ResourceRow resource = ResourceOf(decoded.block().resources()[0]);
  EXPECT_EQ(resource.attributes, (AttributeTexts{{"a", Typed(AnyType::kString, "v")},
                                                 {"b", Typed(AnyType::kString, "v")}}));
  EXPECT_EQ(decoded.block().scopes()[0].schema_url.view(), "url");
  EXPECT_EQ(decoded.block().scopes()[0].name.view(), "s");
}

TEST(DecodeOtlp, CutsWhatIsBeyondTheLimitsAndSaysSo) {
  Message record;
  for (int i = 0; i < 1030; ++i) record.Add(6, KeyValue("k" + std::to_string(i), StringValue("v")));
  record.Varint(7, 10);
  Decoded many(Kind::kLogs, RequestOf({record}));
  EXPECT_EQ(many.outcome.accepted, 1U);
  EXPECT_EQ(many.outcome.cut_attributes, 6U);
  EXPECT_EQ(many.Log().attributes.size(), 1024U);
  EXPECT_EQ(many.Log().dropped_attributes_count, 16U);
  EXPECT_EQ(many.outcome.message, "6 attributes beyond 1024 of one list were cut");

  const std::string long_text = "ä" + std::string(70'000, 'x');
  std::string umlauts;
  while (umlauts.size() < 70'000) umlauts += "xää";  // a character spans the limit
  Decoded cut(
      Kind::kLogs,
      RequestOf({Message()
                     .Add(5, StringValue(long_text))
                     .Add(6, KeyValue("u", StringValue(umlauts)))
                     .Add(6, KeyValue("y", Message().Bytes(7, std::string(70'000, 'b'))))}));
  EXPECT_EQ(cut.outcome.accepted, 1U);
  EXPECT_EQ(cut.outcome.truncated_values, 3U);
  EXPECT_EQ(cut.outcome.message, "3 values were truncated to 65536 bytes");
  const LogRow row = cut.Log();
  ASSERT_TRUE(row.body);
  EXPECT_EQ(row.body->text, long_text.substr(0, 65536));
  const std::string& kept = row.attributes[0].value.text;
  EXPECT_GE(kept.size(), 65535U);
  EXPECT_LE(kept.size(), 65536U);
  EXPECT_EQ(kept, umlauts.substr(0, kept.size()));
  EXPECT_TRUE(kept.back() == 'x' || kept.substr(kept.size() - 2) == "ä");
}

TEST(DecodeOtlp, ALongNestedValueIsCutToShorterJson) {
  Message array;
  for (int i = 0; i < 20'000; ++i) array.Add(1, Message().Varint(3, 7));
  Decoded decoded(Kind::kLogs, RequestOf({Message().Add(5, Message().Add(5, array))}));
  EXPECT_EQ(decoded.outcome.truncated_values, 1U);
  const LogRow row = decoded.Log();
  ASSERT_TRUE(row.body);
  const std::string& text = row.body->text;
  EXPECT_LT(text.size(), 65536U + 100);
  EXPECT_EQ(text.substr(text.size() - 20), R"(},{"intValue":"7"}]})");
}

TEST(DecodeOtlp, RepeatedNumbersMayBePackedOrNot) {
  std::string packed;
  ProtoWriter(packed).RawFixed64(1);
  ProtoWriter(packed).RawFixed64(2);
  const Message point = Message().Bytes(6, packed).Fixed64(6, 3).Double(7, 0.5);
  const Message metric = Message().Bytes(1, "h").Add(9, Message().Add(1, point));
  Decoded decoded(Kind::kMetrics, RequestOf({metric}));
  EXPECT_EQ(decoded.Metric().bucket_counts, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(decoded.Metric().explicit_bounds, std::vector<double>{0.5});
}

TEST(DecodeOtlp, EqualResourcesAreInternedOnceInABlock) {
  const std::string one = RequestOf({Message(), Message()});
  model::TestLane lane(Kind::kLogs, 4096);
  for (int i = 0; i < 3; ++i) {
    model::RowWriter writer(lane);
    ASSERT_TRUE(DecodeOtlp(Kind::kLogs, AsBytes(one), Limits{}, writer));
  }
  EXPECT_EQ(lane.current()->resources().size(), 1U);
  EXPECT_EQ(lane.current()->scopes().size(), 1U);
}

TEST(DecodeOtlp, AnEmptyRequestHasNoRows) {
  for (const Kind kind : model::kKinds) {
    Decoded decoded(kind, "");
    ASSERT_FALSE(decoded.error);
    EXPECT_EQ(decoded.outcome.accepted, 0U);
    EXPECT_TRUE(decoded.outcome.message.empty());
  }
}

}  // namespace
}  // namespace strata::wire
