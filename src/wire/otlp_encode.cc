#include "wire/otlp_encode.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "wire/base64.h"
#include "wire/group_writer.h"
#include "wire/json_transcode.h"

namespace strata::wire {

using model::AnyType;
using model::MetricType;

struct OtlpEncoder::State {
  GroupWriter groups;
  std::vector<GroupLevel> levels;
  std::string record;
};

namespace {

template <class Number>
Number ParseKept(std::string_view text) {
  Number number{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  CHECK(error == std::errc{} && stop == text.data() + text.size());
  return number;
}

double ParseKeptDouble(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return ParseKept<double>(text);
}

// The field that holds a list, from the canonical JSON that it is kept as.
void AppendList(std::string& out, std::uint32_t field, const MessageSpec& spec,
                std::string_view json) {
  ProtoWriter writer(out);
  const std::size_t begin = writer.BeginMessage(field);
  CHECK(TranscodeJson(json, spec, std::numeric_limits<std::uint32_t>::max(), out));
  writer.EndMessage(begin);
}

void AppendValue(std::string& out, std::uint32_t field, const TypedText& value) {
  ProtoWriter writer(out);
  const std::size_t begin = writer.BeginMessage(field);
  switch (value.type) {
    case AnyType::kString:
      writer.Bytes(1, value.text);
      break;
    case AnyType::kBool:
      writer.Varint(2, value.text == "true" ? 1 : 0);
      break;
    case AnyType::kInt:
      writer.Varint(3, static_cast<std::uint64_t>(ParseKept<std::int64_t>(value.text)));
      break;
    case AnyType::kDouble:
      writer.Double(4, ParseKeptDouble(value.text));
      break;
    case AnyType::kArray:
      AppendList(out, 5, ArrayValueSpec(), value.text);
      break;
    case AnyType::kMap:
      AppendList(out, 6, KeyValueListSpec(), value.text);
      break;
    case AnyType::kBytes: {
      const std::optional<std::string> bytes = DecodeBase64(value.text);
      CHECK(bytes);
      writer.Bytes(7, *bytes);
      break;
    }
    case AnyType::kEmpty:
      break;
  }
  writer.EndMessage(begin);
}

void AppendAttributes(std::string& out, std::uint32_t field, const AttributeTexts& attributes) {
  ProtoWriter writer(out);
  for (const AttributeText& attribute : attributes) {
    const std::size_t begin = writer.BeginMessage(field);
    writer.BytesUnlessEmpty(1, attribute.key);
    AppendValue(out, 2, attribute.value);
    writer.EndMessage(begin);
  }
}

GroupLevel LevelOf(const ResourceRow& resource) {
  GroupLevel level{.field = 1};
  if (resource.present) {
    ProtoWriter writer(level.before);
    const std::size_t begin = writer.BeginMessage(1);
    AppendAttributes(level.before, 1, resource.attributes);
    writer.VarintUnlessZero(2, resource.dropped_attributes_count);
    writer.EndMessage(begin);
  }
  ProtoWriter(level.after).BytesUnlessEmpty(3, resource.schema_url);
  return level;
}

GroupLevel LevelOf(const ScopeRow& scope) {
  GroupLevel level{.field = 2};
  if (scope.present) {
    ProtoWriter writer(level.before);
    const std::size_t begin = writer.BeginMessage(1);
    writer.BytesUnlessEmpty(1, scope.name);
    writer.BytesUnlessEmpty(2, scope.version);
    AppendAttributes(level.before, 3, scope.attributes);
    writer.VarintUnlessZero(4, scope.dropped_attributes_count);
    writer.EndMessage(begin);
  }
  ProtoWriter(level.after).BytesUnlessEmpty(3, scope.schema_url);
  return level;
}

std::uint32_t DataField(MetricType type) {
  switch (type) {
    case MetricType::kGauge:
      return 5;
    case MetricType::kSum:
      return 7;
    case MetricType::kHistogram:
      return 9;
    case MetricType::kExponentialHistogram:
      return 10;
    case MetricType::kSummary:
      return 11;
  }
  CHECK(false);
}

// The levels Metric and its data.
void AppendMetricLevels(const MetricRow& row, std::vector<GroupLevel>& levels) {
  GroupLevel data{.field = DataField(row.type)};
  ProtoWriter after(data.after);
  if (row.type != MetricType::kGauge && row.type != MetricType::kSummary) {
    after.VarintUnlessZero(2, row.aggregation_temporality);
  }
  if (row.type == MetricType::kSum) after.VarintUnlessZero(3, row.is_monotonic ? 1 : 0);
  GroupLevel metric{.field = 2};
  ProtoWriter before(metric.before);
  before.BytesUnlessEmpty(1, row.name);
  before.BytesUnlessEmpty(2, row.description);
  before.BytesUnlessEmpty(3, row.unit);
  AppendAttributes(metric.after, 12, row.metadata);
  metric.child = static_cast<char>(data.field) + data.after;
  levels.push_back(std::move(metric));
  levels.push_back(std::move(data));
}

void AppendEvent(std::string& out, const SpanEvent& event) {
  ProtoWriter writer(out);
  const std::size_t begin = writer.BeginMessage(11);
  writer.Fixed64UnlessZero(1, event.time);
  writer.BytesUnlessEmpty(2, event.name);
  AppendAttributes(out, 3, event.attributes);
  writer.VarintUnlessZero(4, event.dropped_attributes_count);
  writer.EndMessage(begin);
}

void AppendLink(std::string& out, const SpanLink& link) {
  ProtoWriter writer(out);
  const std::size_t begin = writer.BeginMessage(13);
  writer.BytesUnlessEmpty(1, link.trace_id);
  writer.BytesUnlessEmpty(2, link.span_id);
  writer.BytesUnlessEmpty(3, link.trace_state);
  AppendAttributes(out, 4, link.attributes);
  writer.VarintUnlessZero(5, link.dropped_attributes_count);
  if (link.flags != 0) writer.Fixed32(6, link.flags);
  writer.EndMessage(begin);
}

void AppendExemplars(std::string& out, std::uint32_t field,
                     const std::vector<Exemplar>& exemplars) {
  ProtoWriter writer(out);
  for (const Exemplar& exemplar : exemplars) {
    const std::size_t begin = writer.BeginMessage(field);
    writer.Fixed64UnlessZero(2, exemplar.time);
    if (exemplar.value_double) writer.Double(3, *exemplar.value_double);
    writer.BytesUnlessEmpty(4, exemplar.span_id);
    writer.BytesUnlessEmpty(5, exemplar.trace_id);
    if (exemplar.value_int) writer.Fixed64(6, static_cast<std::uint64_t>(*exemplar.value_int));
    AppendAttributes(out, 7, exemplar.attributes);
    writer.EndMessage(begin);
  }
}

void AppendOptional(ProtoWriter& writer, std::uint32_t field, const std::optional<double>& value) {
  if (value) writer.Double(field, *value);
}

// Fields 2 and 3 of every type of point.
void AppendTimes(ProtoWriter& writer, const MetricRow& row) {
  writer.Fixed64UnlessZero(2, row.start_time);
  writer.Fixed64UnlessZero(3, row.time);
}

void AppendNumberPoint(std::string& out, const MetricRow& row) {
  ProtoWriter writer(out);
  AppendTimes(writer, row);
  if (!row.value_int) AppendOptional(writer, 4, row.value_double);
  AppendExemplars(out, 5, row.exemplars);
  if (row.value_int) writer.Fixed64(6, static_cast<std::uint64_t>(*row.value_int));
  AppendAttributes(out, 7, row.attributes);
  writer.VarintUnlessZero(8, row.flags);
}

void AppendHistogramPoint(std::string& out, const MetricRow& row) {
  ProtoWriter writer(out);
  AppendTimes(writer, row);
  writer.Fixed64UnlessZero(4, row.count);
  AppendOptional(writer, 5, row.sum);
  if (!row.bucket_counts.empty()) {
    const std::size_t begin = writer.BeginMessage(6);
    for (const std::uint64_t count : row.bucket_counts) writer.RawFixed64(count);
    writer.EndMessage(begin);
  }
  if (!row.explicit_bounds.empty()) {
    const std::size_t begin = writer.BeginMessage(7);
    for (const double bound : row.explicit_bounds) {
      writer.RawFixed64(std::bit_cast<std::uint64_t>(bound));
    }
    writer.EndMessage(begin);
  }
  AppendExemplars(out, 8, row.exemplars);
  AppendAttributes(out, 9, row.attributes);
  writer.VarintUnlessZero(10, row.flags);
  AppendOptional(writer, 11, row.min);
  AppendOptional(writer, 12, row.max);
}

void AppendBuckets(ProtoWriter& writer, std::uint32_t field,
                   const std::optional<ExponentialBuckets>& buckets) {
  if (!buckets) return;
  const std::size_t begin = writer.BeginMessage(field);
  writer.VarintUnlessZero(1, EncodeZigZag32(buckets->offset));
  if (!buckets->counts.empty()) {
    const std::size_t packed = writer.BeginMessage(2);
    for (const std::uint64_t count : buckets->counts) writer.RawVarint(count);
    writer.EndMessage(packed);
  }
  writer.EndMessage(begin);
}

void AppendDoubleUnlessZero(ProtoWriter& writer, std::uint32_t field, double value) {
  writer.Fixed64UnlessZero(field, std::bit_cast<std::uint64_t>(value));
}

void AppendExponentialPoint(std::string& out, const MetricRow& row) {
  ProtoWriter writer(out);
  AppendAttributes(out, 1, row.attributes);
  AppendTimes(writer, row);
  writer.Fixed64UnlessZero(4, row.count);
  AppendOptional(writer, 5, row.sum);
  writer.VarintUnlessZero(6, EncodeZigZag32(row.scale));
  writer.Fixed64UnlessZero(7, row.zero_count);
  AppendBuckets(writer, 8, row.positive);
  AppendBuckets(writer, 9, row.negative);
  writer.VarintUnlessZero(10, row.flags);
  AppendExemplars(out, 11, row.exemplars);
  AppendOptional(writer, 12, row.min);
  AppendOptional(writer, 13, row.max);
  AppendDoubleUnlessZero(writer, 14, row.zero_threshold);
}

void AppendSummaryPoint(std::string& out, const MetricRow& row) {
  ProtoWriter writer(out);
  AppendTimes(writer, row);
  writer.Fixed64UnlessZero(4, row.count);
  AppendDoubleUnlessZero(writer, 5, row.sum.value_or(0));
  for (const Quantile& quantile : row.quantiles) {
    const std::size_t begin = writer.BeginMessage(6);
    AppendDoubleUnlessZero(writer, 1, quantile.quantile);
    AppendDoubleUnlessZero(writer, 2, quantile.value);
    writer.EndMessage(begin);
  }
  AppendAttributes(out, 7, row.attributes);
  writer.VarintUnlessZero(8, row.flags);
}

void AppendPoint(std::string& out, const MetricRow& row) {
  switch (row.type) {
    case MetricType::kGauge:
    case MetricType::kSum:
      return AppendNumberPoint(out, row);
    case MetricType::kHistogram:
      return AppendHistogramPoint(out, row);
    case MetricType::kExponentialHistogram:
      return AppendExponentialPoint(out, row);
    case MetricType::kSummary:
      return AppendSummaryPoint(out, row);
  }
  CHECK(false);
}

}  // namespace

OtlpEncoder::OtlpEncoder() : state_(std::make_unique<State>()) {}
OtlpEncoder::~OtlpEncoder() = default;

void OtlpEncoder::Add(const ResourceRow& resource, const ScopeRow& scope, const LogRow& row) {
  state_->groups.SetLevels({LevelOf(resource), LevelOf(scope)});
  std::string& out = state_->record;
  out.clear();
  ProtoWriter writer(out);
  writer.Fixed64UnlessZero(1, row.time);
  writer.VarintUnlessZero(2, row.severity_number);
  writer.BytesUnlessEmpty(3, row.severity_text);
  if (row.body) AppendValue(out, 5, *row.body);
  AppendAttributes(out, 6, row.attributes);
  writer.VarintUnlessZero(7, row.dropped_attributes_count);
  if (row.flags != 0) writer.Fixed32(8, row.flags);
  writer.BytesUnlessEmpty(9, row.trace_id);
  writer.BytesUnlessEmpty(10, row.span_id);
  writer.Fixed64UnlessZero(11, row.observed_time);
  writer.BytesUnlessEmpty(12, row.event_name);
  state_->groups.AddRecord(2, out);
}

void OtlpEncoder::Add(const ResourceRow& resource, const ScopeRow& scope, const SpanRow& row) {
  state_->groups.SetLevels({LevelOf(resource), LevelOf(scope)});
  std::string& out = state_->record;
  out.clear();
  ProtoWriter writer(out);
  writer.BytesUnlessEmpty(1, row.trace_id);
  writer.BytesUnlessEmpty(2, row.span_id);
  writer.BytesUnlessEmpty(3, row.trace_state);
  writer.BytesUnlessEmpty(4, row.parent_span_id);
  writer.BytesUnlessEmpty(5, row.name);
  writer.VarintUnlessZero(6, row.kind);
  writer.Fixed64UnlessZero(7, row.start_time);
  writer.Fixed64UnlessZero(8, row.end_time);
  AppendAttributes(out, 9, row.attributes);
  writer.VarintUnlessZero(10, row.dropped_attributes_count);
  for (const SpanEvent& event : row.events) AppendEvent(out, event);
  writer.VarintUnlessZero(12, row.dropped_events_count);
  for (const SpanLink& link : row.links) AppendLink(out, link);
  writer.VarintUnlessZero(14, row.dropped_links_count);
  if (row.has_status) {
    const std::size_t begin = writer.BeginMessage(15);
    writer.BytesUnlessEmpty(2, row.status_message);
    writer.VarintUnlessZero(3, row.status_code);
    writer.EndMessage(begin);
  }
  if (row.flags != 0) writer.Fixed32(16, row.flags);
  state_->groups.AddRecord(2, out);
}

void OtlpEncoder::Add(const ResourceRow& resource, const ScopeRow& scope, const MetricRow& row) {
  state_->levels = {LevelOf(resource), LevelOf(scope)};
  AppendMetricLevels(row, state_->levels);
  state_->groups.SetLevels(state_->levels);
  state_->record.clear();
  AppendPoint(state_->record, row);
  state_->groups.AddRecord(1, state_->record);
}

std::string OtlpEncoder::Finish() {
  return state_->groups.Finish();
}

}  // namespace strata::wire
