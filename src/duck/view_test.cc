// Every column of the contract, over hot rows, over parts and over both.
#include <limits>

#include <gtest/gtest.h>

#include "duck/test_engine.h"

namespace strata::duck {
namespace {

using model::AnyType;
using model::Kind;

constexpr std::int64_t kTime = 1'700'000'000'000'000'000;

const char kArray[] = R"({"values":[{"intValue":"1"},{"stringValue":"x"},{}]})";
const char kMap[] = R"({"values":[{"key":"k","value":{"boolValue":true}}]})";

void WriteLogs(TestBlock& rows) {
  // Everything is set.
  rows.BeginRow();
  rows.SetTime(model::kLogTime, kTime + 123);
  rows.SetTime(model::kLogObservedTime, kTime + 456);
  rows.Set<std::uint8_t>(model::kLogSeverityNumber, 17);
  rows.SetText(model::kLogSeverityText, "ERROR");
  rows.SetText(model::kLogBody, "a body that is longer than twelve bytes");
  rows.Set<std::uint8_t>(model::kLogBodyType, 's');
  rows.SetText(model::kLogEventName, "device.app.lifecycle");
  rows.SetId(model::kLogTraceId, "0123456789abcdef");
  rows.SetId(model::kLogSpanId, "01234567");
  rows.Set<std::uint32_t>(model::kLogFlags, 1);
  rows.Set<std::uint32_t>(model::kDroppedAttributes, 3);
  rows.Resource(
      "checkout",
      {{"host.name", Str("h1")}, {"cpus", Int(8)}, {"tags", Other(AnyType::kArray, kArray)}},
      "https://example.com/resource", 2);
  rows.Scope("lib", "1.2", {{"scope.key", Bool(true)}}, "https://example.com/scope");
  rows.Attribute("http.route", Str("/api"));
  rows.Attribute("status", Int(500));
  rows.Attribute("ratio", Dbl(0.25, "0.25"));
  rows.Attribute("ok", Bool(false));
  rows.Attribute("list", Other(AnyType::kArray, kArray));
  rows.Attribute("map", Other(AnyType::kMap, kMap));
  rows.Attribute("bytes", Other(AnyType::kBytes, "AQI="));
  rows.Attribute("none", Other(AnyType::kEmpty, ""));
  rows.CommitRow();
  // Nothing is set.
  rows.BeginRow();
  rows.SetTime(model::kLogTime, 0);
  rows.SetTime(model::kLogObservedTime, 0);
  rows.SetId(model::kLogTraceId, "");
  rows.SetId(model::kLogSpanId, "");
  rows.Resource("", {});
  rows.Scope("", "", {});
  rows.CommitRow();
  // The same key with another type, a body that is a map.
  rows.BeginRow();
  rows.SetTime(model::kLogTime, kTime);
  rows.SetTime(model::kLogObservedTime, 0);
  rows.SetId(model::kLogTraceId, "");
  rows.SetId(model::kLogSpanId, "");
  rows.SetText(model::kLogBody, kMap);
  rows.Set<std::uint8_t>(model::kLogBodyType, 'm');
  rows.Resource("cart", {});
  rows.Scope("lib", "1.2", {{"scope.key", Bool(true)}}, "https://example.com/scope");
  rows.Attribute("status", Str("five hundred"));
  rows.CommitRow();
  rows.Publish(5);
}

void WriteSpans(TestBlock& rows) {
  std::string events;
  model::CellWriter event(events);
  event.Varint(2);
  event.Fixed64(kTime + 1);
  event.String("exception");
  event.Varint(4);
  event.Varint(2);
  event.Byte('i');
  event.String("count");
  event.String("3");
  event.Byte('a');
  event.String("list");
  event.String(kArray);
  event.Fixed64(0);
  event.String("");
  event.Varint(0);
  event.Varint(0);
  std::string links;
  model::CellWriter link(links);
  link.Varint(1);
  link.String("0123456789abcdef");
  link.String("");
  link.String("state=1");
  link.Varint(1);
  link.Varint(2);
  link.Varint(0);

  rows.BeginRow();
  rows.SetTime(model::kSpanStartTime, kTime);
  rows.SetTime(model::kSpanEndTime, kTime + 1500);
  rows.SetId(model::kSpanTraceId, "0123456789abcdef");
  rows.SetId(model::kSpanSpanId, "01234567");
  rows.SetId(model::kSpanParentSpanId, "");
  rows.SetText(model::kSpanTraceState, "a=b");
  rows.SetText(model::kSpanName, "GET /api");
  rows.Set<std::uint8_t>(model::kSpanKind, 2);
  rows.Set<std::uint8_t>(model::kSpanStatusCode, 2);
  rows.SetText(model::kSpanStatusMessage, "it failed");
  rows.Set<std::uint32_t>(model::kSpanFlags, 257);
  rows.SetText(model::kSpanEvents, events);
  rows.SetText(model::kSpanLinks, links);
  rows.Set<std::uint32_t>(model::kSpanDroppedEvents, 5);
  rows.Set<std::uint32_t>(model::kSpanDroppedLinks, 6);
  rows.Set<std::uint8_t>(model::kSpanHasStatus, 1);
  rows.Resource("checkout", {});
  rows.Scope("lib", "", {});
  rows.CommitRow();
  rows.BeginRow();
  rows.SetTime(model::kSpanStartTime, kTime + 7);
  rows.SetTime(model::kSpanEndTime, 0);
  rows.SetId(model::kSpanTraceId, "fedcba9876543210");
  rows.SetId(model::kSpanSpanId, "76543210");
  rows.SetId(model::kSpanParentSpanId, "01234567");
  rows.Set<std::uint8_t>(model::kSpanKind, 99);
  rows.Resource("checkout", {});
  rows.Scope("lib", "", {});
  rows.CommitRow();
  rows.Publish(6);
}

void WriteMetrics(TestBlock& rows) {
  std::string counts;
  model::CellWriter count(counts);
  count.Varint(2);
  count.Fixed64(3);
  count.Fixed64(4);
  std::string bounds;
  model::CellWriter bound(bounds);
  bound.Varint(1);
  bound.Double(0.5);
  std::string quantiles;
  model::CellWriter quantile(quantiles);
  quantile.Varint(1);
  quantile.Double(0.99);
  quantile.Double(12.5);
  std::string exemplars;
  model::CellWriter exemplar(exemplars);
  exemplar.Varint(2);
  exemplar.Fixed64(kTime);
  exemplar.Byte('i');
  exemplar.Fixed64(7);
  exemplar.String("0123456789abcdef");
  exemplar.String("01234567");
  exemplar.Varint(1);
  exemplar.Byte('s');
  exemplar.String("user");
  exemplar.String("u1");
  exemplar.Fixed64(kTime);
  exemplar.Byte('d');
  exemplar.Double(1.5);
  exemplar.String("");
  exemplar.String("");
  exemplar.Varint(0);

  const auto begin = [&](const char* name, model::MetricType type) {
    rows.BeginRow();
    rows.SetTime(model::kMetricTime, kTime);
    rows.SetTime(model::kMetricStartTime, 0);
    rows.SetText(model::kMetricName, name);
    rows.Set<std::uint8_t>(model::kMetricType, static_cast<std::uint8_t>(type));
    rows.Resource("checkout", {});
    rows.Scope("lib", "", {});
  };
  begin("a.gauge", model::MetricType::kGauge);
  rows.SetText(model::kMetricUnit, "By");
  rows.SetText(model::kMetricDescription, "bytes of something");
  rows.Set<double>(model::kMetricValue, std::numeric_limits<double>::quiet_NaN());
  rows.CommitRow();
  begin("b.sum", model::MetricType::kSum);
  rows.Set<std::int64_t>(model::kMetricValueInt, 1LL << 60);
  rows.Set<std::uint8_t>(model::kMetricIsMonotonic, 1);
  rows.Set<std::uint8_t>(model::kMetricTemporality, 2);
  rows.SetText(model::kMetricExemplars, exemplars);
  rows.CommitRow();
  begin("c.histogram", model::MetricType::kHistogram);
  rows.Set<std::uint64_t>(model::kMetricCount, 7);
  rows.Set<double>(model::kMetricSum, 3.5);
  rows.Set<double>(model::kMetricMin, 0.1);
  rows.Set<double>(model::kMetricMax, 0.9);
  rows.SetText(model::kMetricBucketCounts, counts);
  rows.SetText(model::kMetricExplicitBounds, bounds);
  rows.Set<std::uint8_t>(model::kMetricTemporality, 1);
  rows.CommitRow();
  begin("d.exponential", model::MetricType::kExponentialHistogram);
  rows.Set<std::int32_t>(model::kMetricScale, -2);
  rows.Set<std::uint64_t>(model::kMetricZeroCount, 1);
  rows.Set<double>(model::kMetricZeroThreshold, 0.001);
  rows.Set<std::int32_t>(model::kMetricPositiveOffset, 3);
  rows.SetText(model::kMetricPositiveCounts, counts);
  rows.Set<std::int32_t>(model::kMetricNegativeOffset, -3);
  rows.SetText(model::kMetricNegativeCounts, counts);
  rows.CommitRow();
  begin("e.summary", model::MetricType::kSummary);
  rows.SetText(model::kMetricQuantiles, quantiles);
  rows.Set<std::uint32_t>(model::kMetricFlags, 1);
  rows.CommitRow();
  rows.Publish(7);
}

void Write(Kind kind, TestBlock& rows) {
  if (kind == Kind::kLogs) WriteLogs(rows);
  if (kind == Kind::kSpans) WriteSpans(rows);
  if (kind == Kind::kMetrics) WriteMetrics(rows);
}

constexpr const char* kLogRows =
    R"([["2023-11-14T22:13:20.000000123Z","2023-11-14T22:13:20.000000456Z",17,"ERROR",)"
    R"("a body that is longer than twelve bytes","device.app.lifecycle",)"
    R"("30313233343536373839616263646566","3031323334353637","checkout",)"
    R"({"bytes":"AQI=","http.route":"/api","list":"[1,\"x\",null]","map":"{\"k\":true}",)"
    R"("none":null,"ok":"false","ratio":"0.25","status":"500"},)"
    R"({"cpus":"8","host.name":"h1","service.name":"checkout","tags":"[1,\"x\",null]"},)"
    R"({"scope.key":"true"},"lib","1.2","https://example.com/resource",)"
    R"("https://example.com/scope",1,3,"logs",5,0],)"
    R"([null,null,0,"","","",null,null,"",{},{"service.name":""},{},"","","","",0,0,"logs",5,1],)"
    R"(["2023-11-14T22:13:20.000000000Z",null,0,"","{\"k\":true}","",null,null,"cart",)"
    R"({"status":"five hundred"},{"service.name":"cart"},{"scope.key":"true"},"lib","1.2","",)"
    R"("https://example.com/scope",0,0,"logs",5,2]])";

constexpr const char* kSpanRows =
    R"([["2023-11-14T22:13:20.000000000Z","2023-11-14T22:13:20.000001500Z",1500,)"
    R"("30313233343536373839616263646566","3031323334353637",null,"a=b","GET /api","SERVER",)"
    R"("ERROR","it failed","checkout",257,{},{"service.name":"checkout"},{},"lib","","","",)"
    R"([{"time":"2023-11-14T22:13:20.000000001Z","name":"exception",)"
    R"("attributes":{"count":"3","list":"[1,\"x\",null]"},"dropped_attributes_count":4},)"
    R"({"time":null,"name":"","attributes":{},"dropped_attributes_count":0}],)"
    R"([{"trace_id":"30313233343536373839616263646566","span_id":null,"trace_state":"state=1",)"
    R"("flags":1,"attributes":{},"dropped_attributes_count":2}],0,5,6,"spans",6,0],)"
    R"(["2023-11-14T22:13:20.000000007Z",null,null,"66656463626139383736353433323130",)"
    R"("3736353433323130","3031323334353637","","","99","UNSET","","checkout",0,{},)"
    R"({"service.name":"checkout"},{},"lib","","","",[],[],0,0,0,"spans",6,1]])";

constexpr const char* kMetricRows =
    R"([["a.gauge","By","bytes of something","gauge","NaN",null,null,null,null,null,null,null,)"
    R"(null,null,null,null,null,null,null,null,null,null,0,[]],)"
    R"(["b.sum","","","sum",1152921504606846976,"1152921504606846976",null,null,null,null,null,)"
    R"(null,null,null,null,null,null,null,null,null,true,"CUMULATIVE",0,)"
    R"([{"time":"2023-11-14T22:13:20.000000000Z","value":7,"value_int":7,)"
    R"("trace_id":"30313233343536373839616263646566","span_id":"3031323334353637",)"
    R"("attributes":{"user":"u1"}},{"time":"2023-11-14T22:13:20.000000000Z","value":1.5,)"
    R"("value_int":null,"trace_id":null,"span_id":null,"attributes":{}}]],)"
    R"(["c.histogram","","","histogram",null,null,7,3.5,0.1,0.9,[3,4],[0.5],null,null,null,null,)"
    R"(null,null,null,null,null,"DELTA",0,[]],)"
    R"(["d.exponential","","","exponential_histogram",null,null,null,null,null,null,null,null,-2,)"
    R"(1,0.001,3,[3,4],-3,[3,4],null,null,null,0,[]],)"
    R"(["e.summary","","","summary",null,null,null,null,null,null,null,null,null,null,null,null,)"
    R"(null,null,null,[{"quantile":0.99,"value":12.5}],null,null,1,[]]])";

struct ViewCase {
  Kind kind;
  const char* sql;
  const char* rows;
};

const ViewCase kCases[] = {
    {Kind::kLogs, "SELECT * FROM logs ORDER BY ordinal", kLogRows},
    {Kind::kSpans, "SELECT * FROM spans ORDER BY ordinal", kSpanRows},
    {Kind::kMetrics,
     "SELECT name, unit, description, type, value, value_int, count, sum, min, max, bucket_counts, "
     "explicit_bounds, scale, zero_count, zero_threshold, positive_offset, positive_counts, "
     "negative_offset, negative_counts, quantiles, is_monotonic, aggregation_temporality, flags, "
     "exemplars FROM metrics ORDER BY ordinal",
     kMetricRows},
};

class Views : public testing::TestWithParam<ViewCase> {};

TEST_P(Views, HotRows) {
  TestDisk disk;
  const auto engine = OpenEngine(disk.files());
  TestBlock rows(GetParam().kind);
  Write(GetParam().kind, rows);
  EXPECT_EQ(Rows(*engine, SnapshotOf(GetParam().kind, {rows.Slice()}), GetParam().sql),
            GetParam().rows);
}

TEST_P(Views, Parts) {
  TestDisk disk;
  const auto engine = OpenEngine(disk.files());
  TestBlock rows(GetParam().kind);
  Write(GetParam().kind, rows);
  const PartRef part =
      MustWritePart(GetParam().kind, {rows.Slice()}, disk.files(), "/parts/a.parquet");
  EXPECT_EQ(Rows(*engine, SnapshotOf(GetParam().kind, {}, {part}), GetParam().sql),
            GetParam().rows);
}

// Keys without a column of their own, and a part that is merged with another.
TEST_P(Views, PartsWithRests) {
  TestDisk disk;
  const auto engine = OpenEngine(disk.files());
  TestBlock rows(GetParam().kind);
  Write(GetParam().kind, rows);
  const PartRef part = MustWritePart(GetParam().kind, {rows.Slice()}, disk.files(),
                                     "/parts/a.parquet", {.attribute_columns_max = 2});
  EXPECT_EQ(Rows(*engine, SnapshotOf(GetParam().kind, {}, {part}), GetParam().sql),
            GetParam().rows);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Views, testing::ValuesIn(kCases), [](const auto& of) {
  return std::string(model::KindName(of.param.kind));
});

TEST(View, HotAndPartsTogether) {
  TestDisk disk;
  const auto engine = OpenEngine(disk.files());
  TestBlock old_rows(Kind::kLogs);
  WriteLogs(old_rows);
  const PartRef part =
      MustWritePart(Kind::kLogs, {old_rows.Slice()}, disk.files(), "/parts/a.parquet");
  TestBlock new_rows(Kind::kLogs);
  for (int i = 0; i < 10; ++i) {
    new_rows.BeginRow();
    new_rows.SetTime(model::kLogTime, kTime + i);
    new_rows.Resource("cart", {});
    new_rows.Attribute("status", Int(500));
    new_rows.CommitRow();
  }
  new_rows.Publish(6);
  const auto both = SnapshotOf(Kind::kLogs, {new_rows.Slice()}, {part});
  EXPECT_EQ(Rows(*engine, both,
                 "SELECT position, count(*) FROM logs GROUP BY position ORDER BY position"),
            "[[5,3],[6,10]]");
  EXPECT_EQ(Rows(*engine, both, "SELECT count(*) FROM logs WHERE attributes['status'] = '500'"),
            "[[11]]");
  EXPECT_EQ(Rows(*engine, both, "SELECT service_name, count(*) FROM logs GROUP BY 1 ORDER BY 1"),
            R"([["",1],["cart",11],["checkout",1]])");
  const std::string body = Ask(*engine, both, "SELECT count(*) FROM logs", Format::kJson);
  EXPECT_NE(body.find(R"("tiers":["hot","warm"],"position":77,"complete":true}})"),
            std::string::npos)
      << body;
}

// A key of the record's that only its rest holds is none of the resource's.
TEST(View, ARowWithoutAResourceHasNoneOfItsAttributes) {
  TestDisk disk;
  const auto engine = OpenEngine(disk.files());
  TestBlock rows(Kind::kLogs);
  rows.BeginRow();
  rows.SetTime(model::kLogTime, kTime);
  rows.Attribute("key", Other(model::AnyType::kBytes, "AQI="));
  rows.CommitRow();
  rows.Publish(1);
  EXPECT_EQ(Rows(*engine, SnapshotOf(Kind::kLogs, {rows.Slice()}),
                 "SELECT attributes['key'], resource_attributes['key'] FROM logs"),
            R"([["AQI=",null]])");
}

TEST(View, RowsWithoutARunStayInvisible) {
  TestDisk disk;
  const auto engine = OpenEngine(disk.files());
  TestBlock rows(Kind::kLogs);
  const auto add = [&](int n, bool hidden) {
    for (int i = 0; i < n; ++i) {
      rows.BeginRow();
      rows.SetTime(model::kLogTime, kTime + i);
      rows.SetText(model::kLogBody, hidden ? "hidden" : "seen");
      rows.Resource("cart", {});
      if (hidden) {
        rows.HideRow();
      } else {
        rows.CommitRow();
      }
    }
  };
  add(3, true);
  add(2500, false);
  rows.Publish(1);
  add(100, true);
  add(1, false);
  rows.Publish(2);
  add(5000, false);
  rows.Publish(4);
  add(7, true);
  const auto snapshot = SnapshotOf(Kind::kLogs, {rows.Slice()});
  const char* sql =
      "SELECT position, body, count(*), max(ordinal) FROM logs GROUP BY ALL ORDER BY 1";
  const char* want = R"([[1,"seen",2500,2499],[2,"seen",1,0],[4,"seen",5000,4999]])";
  EXPECT_EQ(Rows(*engine, snapshot, sql), want);
  const PartRef part = MustWritePart(Kind::kLogs, {rows.Slice()}, disk.files(), "/parts/a.parquet");
  EXPECT_EQ(part.info->rows, 7501U);
  EXPECT_EQ(Rows(*engine, SnapshotOf(Kind::kLogs, {}, {part}), sql), want);
  // A slice of the second run only.
  model::BlockSlice middle = rows.Slice();
  middle.first_run = 1;
  middle.last_run = 2;
  EXPECT_EQ(Rows(*engine, SnapshotOf(Kind::kLogs, {middle}), sql), R"([[2,"seen",1,0]])");
}

}  // namespace
}  // namespace strata::duck
