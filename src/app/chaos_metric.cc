// Metrics of `strata chaos`: one data point each, of all types in turn.
#include <array>

#include "app/chaos_record.h"

namespace strata::app {
namespace {

// The cells of a row that depend on the metric's type, in the order of the view; null when unset.
struct TypeCells {
  std::string_view type;
  std::string value = "null";
  std::string value_int = "null";
  std::string count = "null";
  std::string sum = "null";
  std::string min = "null";
  std::string max = "null";
  std::string bucket_counts = "null";
  std::string explicit_bounds = "null";
  std::string scale = "null";
  std::string zero_count = "null";
  std::string zero_threshold = "null";
  std::string positive_offset = "null";
  std::string positive_counts = "null";
  std::string negative_offset = "null";
  std::string negative_counts = "null";
  std::string quantiles = "null";
  std::string is_monotonic = "null";
  std::string temporality = "null";
  std::string exemplars = "[]";
};

constexpr std::uint32_t kDelta = 1;
constexpr std::uint32_t kCumulative = 2;

// The fields that all types have; `attributes` differs in its number.
ChaosMessage Point(const ChaosDraw& draw, std::uint32_t attributes) {
  ChaosMessage point;
  point.Repeat(attributes, "attributes",
               ChaosAttribute("chaos.request", ChaosText(draw.id.Text())));
  point.Fixed64(2, "startTimeUnixNano", static_cast<std::uint64_t>(draw.time_ns - 5));
  point.Fixed64(3, "timeUnixNano", static_cast<std::uint64_t>(draw.time_ns));
  return point;
}

TypeCells Gauge(const ChaosDraw& draw, ChaosMessage& metric) {
  const std::uint64_t whole = draw.Below(1'000'000);
  const std::string trace = draw.Id(16);
  const std::string span = draw.Id(8);
  ChaosMessage point = Point(draw, 7);
  point.Double(4, "asDouble", static_cast<double>(whole) + 0.25);
  point.Repeat(5, "exemplars",
               ChaosMessage()
                   .Fixed64(2, "timeUnixNano", static_cast<std::uint64_t>(draw.time_ns))
                   .Double(3, "asDouble", 1.5)
                   .Id(4, "spanId", span)
                   .Id(5, "traceId", trace)
                   .Repeat(7, "filteredAttributes", ChaosAttribute("k", ChaosText("v"))));
  metric.Add(5, "gauge", ChaosMessage().Repeat(1, "dataPoints", point));
  TypeCells cells;
  cells.type = "gauge";
  cells.value = std::to_string(whole) + ".25";
  cells.exemplars = R"([{"time":")" + ChaosTime(draw.time_ns) +
                    R"(","value":1.5,"value_int":null,"trace_id":")" + HexOf(trace) +
                    R"(","span_id":")" + HexOf(span) + R"(","attributes":{"k":"v"}}])";
  return cells;
}

TypeCells Sum(const ChaosDraw& draw, ChaosMessage& metric) {
  const std::uint64_t value = draw.Below(1'000'000'000);
  ChaosMessage point = Point(draw, 7);
  point.Fixed64(6, "asInt", value);
  metric.Add(7, "sum",
             ChaosMessage()
                 .Repeat(1, "dataPoints", point)
                 .Enum(2, "aggregationTemporality", kCumulative)
                 .Bool(3, "isMonotonic", true));
  TypeCells cells;
  cells.type = "sum";
  cells.value = std::to_string(value);
  cells.value_int = std::to_string(value);
  cells.is_monotonic = "true";
  cells.temporality = "\"CUMULATIVE\"";
  return cells;
}

TypeCells Histogram(const ChaosDraw& draw, ChaosMessage& metric) {
  const std::uint64_t low = draw.Below(1000);
  const std::uint64_t high = draw.Below(1000);
  ChaosMessage point = Point(draw, 9);
  point.Fixed64(4, "count", low + high).Double(5, "sum", 12.5);
  point.Fixed64s(6, "bucketCounts", {low, high}).Doubles(7, "explicitBounds", {0.5});
  point.Double(11, "min", 0.25).Double(12, "max", 7.75);
  metric.Add(
      9, "histogram",
      ChaosMessage().Repeat(1, "dataPoints", point).Enum(2, "aggregationTemporality", kDelta));
  TypeCells cells;
  cells.type = "histogram";
  cells.count = std::to_string(low + high);
  cells.sum = "12.5";
  cells.min = "0.25";
  cells.max = "7.75";
  cells.bucket_counts = '[' + std::to_string(low) + ',' + std::to_string(high) + ']';
  cells.explicit_bounds = "[0.5]";
  cells.temporality = "\"DELTA\"";
  return cells;
}

TypeCells ExponentialHistogram(const ChaosDraw& draw, ChaosMessage& metric) {
  const std::uint64_t zeros = draw.Below(1000);
  ChaosMessage point = Point(draw, 1);
  point.Fixed64(4, "count", zeros + 3).Double(5, "sum", 2.5).ZigZag(6, "scale", -3);
  point.Fixed64(7, "zeroCount", zeros);
  point.Add(8, "positive", ChaosMessage().ZigZag(1, "offset", -2).Varints(2, "bucketCounts", {2}));
  point.Add(9, "negative",
            ChaosMessage().ZigZag(1, "offset", 4).Varints(2, "bucketCounts", {0, 1}));
  point.Double(12, "min", -1.5).Double(13, "max", 4.5).Double(14, "zeroThreshold", 0.125);
  metric.Add(
      10, "exponentialHistogram",
      ChaosMessage().Repeat(1, "dataPoints", point).Enum(2, "aggregationTemporality", kDelta));
  TypeCells cells;
  cells.type = "exponential_histogram";
  cells.count = std::to_string(zeros + 3);
  cells.sum = "2.5";
  cells.min = "-1.5";
  cells.max = "4.5";
  cells.scale = "-3";
  cells.zero_count = std::to_string(zeros);
  cells.zero_threshold = "0.125";
  cells.positive_offset = "-2";
  cells.positive_counts = "[2]";
  cells.negative_offset = "4";
  cells.negative_counts = "[0,1]";
  cells.temporality = "\"DELTA\"";
  return cells;
}

TypeCells Summary(const ChaosDraw& draw, ChaosMessage& metric) {
  const std::uint64_t count = draw.Below(1000);
  ChaosMessage point = Point(draw, 7);
  point.Fixed64(4, "count", count).Double(5, "sum", 99.5);
  point.Repeat(6, "quantileValues",
               ChaosMessage().Double(1, "quantile", 0.5).Double(2, "value", 3.25));
  metric.Add(11, "summary", ChaosMessage().Repeat(1, "dataPoints", point));
  TypeCells cells;
  cells.type = "summary";
  cells.count = std::to_string(count);
  cells.sum = "99.5";
  cells.quantiles = R"([{"quantile":0.5,"value":3.25}])";
  return cells;
}

void AddCells(ChaosRow& row, const TypeCells& cells) {
  for (const std::string* cell :
       {&cells.value, &cells.value_int, &cells.count, &cells.sum, &cells.min, &cells.max,
        &cells.bucket_counts, &cells.explicit_bounds, &cells.scale, &cells.zero_count,
        &cells.zero_threshold, &cells.positive_offset, &cells.positive_counts,
        &cells.negative_offset, &cells.negative_counts, &cells.quantiles, &cells.is_monotonic,
        &cells.temporality}) {
    row.Raw(*cell);
  }
}

}  // namespace

ChaosRecord MakeChaosMetric(const ChaosDraw& draw) {
  static constexpr std::array kTypes = {Gauge, Sum, Histogram, ExponentialHistogram, Summary};
  const auto type = (draw.id.number + draw.ordinal) % kTypes.size();
  const std::string name = "chaos." + std::to_string(type);
  const std::string description = draw.Words();
  ChaosMessage metric;
  metric.Text(1, "name", name).Text(2, "description", description).Text(3, "unit", "By");
  const TypeCells cells = kTypes[type](draw, metric);

  ChaosRow row;
  row.Time(draw.time_ns).Time(draw.time_ns - 5).Text(name).Text(description).Text("By");
  row.Text(cells.type).Text("chaos-" + std::to_string(draw.id.client));
  AddCells(row, cells);
  row.Number(0).Raw(cells.exemplars);
  AddChaosOrigin(row, draw.id, R"({"chaos.request":")" + draw.id.Text() + R"("})");
  row.Text("metrics");
  return {.message = std::move(metric), .row = std::move(row).Finish()};
}

}  // namespace strata::app
