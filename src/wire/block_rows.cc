#include "wire/block_rows.h"

#include <algorithm>
#include <bit>
#include <string_view>

#include "model/cell.h"
#include "model/schema.h"

namespace strata::wire {
namespace {

using model::AnyType;
using model::CellReader;

struct RawId16 {
  char bytes[16];
};
struct RawId8 {
  char bytes[8];
};

// One row of one column.
class Value {
 public:
  Value(const model::Column& column, std::uint32_t row)
      : column_(column),
        chunk_(column.chunk(row / model::kChunkRows)),
        at_(row % model::kChunkRows) {}

  bool is_set() const {
    if (chunk_ == nullptr) return false;
    if (chunk_->encoding == model::Chunk::Encoding::kCodes) {
      return chunk_->values<std::uint16_t>()[at_] != 0;
    }
    return chunk_->IsValid(at_);
  }
  template <class T>
  T number() const {
    return chunk_ == nullptr ? T{} : chunk_->values<T>()[at_];
  }
  template <class T>
  std::optional<T> optional() const {
    if (!is_set()) return std::nullopt;
    return number<T>();
  }
  std::string_view text() const {
    return chunk_ == nullptr ? std::string_view() : column_.TextAt(*chunk_, at_);
  }
  // Raw bytes; empty for an id of zeros.
  template <class RawId>
  std::string id() const {
    const auto raw = number<RawId>();
    const std::string_view bytes(raw.bytes, sizeof raw.bytes);
    return bytes.find_first_not_of('\0') == std::string_view::npos ? std::string()
                                                                   : std::string(bytes);
  }

 private:
  const model::Column& column_;
  const model::Chunk* chunk_;
  std::uint32_t at_;
};

Value Fixed(const model::Block& block, std::uint16_t column, std::uint32_t row) {
  return {block.fixed(column), row};
}

AttributeTexts ReadAttributes(CellReader& cell) {
  AttributeTexts attributes(cell.Varint());
  for (AttributeText& attribute : attributes) {
    attribute.value.type = static_cast<AnyType>(cell.Byte());
    attribute.key = cell.String();
    attribute.value.text = cell.String();
  }
  return attributes;
}

AttributeTexts AttributesOfCell(std::string_view text) {
  if (text.empty()) return {};
  CellReader cell(text);
  return ReadAttributes(cell);
}

TypedText ColumnValue(const Value& value, AnyType type) {
  model::AnyValue any{.type = type};
  switch (type) {
    case AnyType::kString:
      any.text = value.text();
      break;
    case AnyType::kInt:
      any.integer = value.number<std::int64_t>();
      break;
    case AnyType::kDouble:
      any.number = value.number<double>();
      break;
    case AnyType::kBool:
      any.integer = value.number<std::uint8_t>();
      break;
    default:
      CHECK(false);
  }
  TypedText typed{.type = type, .text = {}};
  model::AppendText(typed.text, any);
  return typed;
}

AttributeTexts AttributesOf(const model::Block& block, std::uint32_t row) {
  AttributeTexts attributes = AttributesOfCell(Fixed(block, model::kRest, row).text());
  const std::size_t columns = block.attributes().size();
  for (std::size_t i = 0; i < columns; ++i) {
    const model::AttributeColumn& attribute = block.attributes()[i];
    const Value value(*attribute.column, row);
    if (!value.is_set()) continue;
    attributes.push_back(
        {.key = std::string(attribute.key.view()), .value = ColumnValue(value, attribute.type)});
  }
  std::ranges::sort(attributes, {}, &AttributeText::key);
  return attributes;
}

AttributeTexts AttributesOfArray(const model::Attribute* kept, std::uint32_t count) {
  AttributeTexts attributes;
  attributes.reserve(count);
  for (const model::Attribute& attribute : std::span(kept, count)) {
    attributes.push_back(
        {.key = std::string(attribute.key.view()),
         .value = {.type = attribute.type, .text = std::string(attribute.text.view())}});
  }
  return attributes;
}

std::vector<std::uint64_t> WordsOf(std::string_view text) {
  if (text.empty()) return {};
  CellReader cell(text);
  std::vector<std::uint64_t> words(cell.Varint());
  for (std::uint64_t& word : words) word = cell.Fixed64();
  return words;
}

std::vector<SpanEvent> EventsOf(std::string_view text) {
  if (text.empty()) return {};
  CellReader cell(text);
  std::vector<SpanEvent> events(cell.Varint());
  for (SpanEvent& event : events) {
    event.time = cell.Fixed64();
    event.name = cell.String();
    event.dropped_attributes_count = static_cast<std::uint32_t>(cell.Varint());
    event.attributes = ReadAttributes(cell);
  }
  return events;
}

// An id that came as zeros is the same as none.
std::string IdOf(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos ? std::string()
                                                                 : std::string(bytes);
}

std::vector<SpanLink> LinksOf(std::string_view text) {
  if (text.empty()) return {};
  CellReader cell(text);
  std::vector<SpanLink> links(cell.Varint());
  for (SpanLink& link : links) {
    link.trace_id = IdOf(cell.String());
    link.span_id = IdOf(cell.String());
    link.trace_state = cell.String();
    link.flags = static_cast<std::uint32_t>(cell.Varint());
    link.dropped_attributes_count = static_cast<std::uint32_t>(cell.Varint());
    link.attributes = ReadAttributes(cell);
  }
  return links;
}

std::vector<Exemplar> ExemplarsOf(std::string_view text) {
  if (text.empty()) return {};
  CellReader cell(text);
  std::vector<Exemplar> exemplars(cell.Varint());
  for (Exemplar& exemplar : exemplars) {
    exemplar.time = cell.Fixed64();
    const auto type = static_cast<AnyType>(cell.Byte());
    const std::uint64_t bits = cell.Fixed64();
    if (type == AnyType::kInt) exemplar.value_int = static_cast<std::int64_t>(bits);
    if (type == AnyType::kDouble) exemplar.value_double = std::bit_cast<double>(bits);
    exemplar.trace_id = IdOf(cell.String());
    exemplar.span_id = IdOf(cell.String());
    exemplar.attributes = ReadAttributes(cell);
  }
  return exemplars;
}

std::vector<Quantile> QuantilesOf(std::string_view text) {
  if (text.empty()) return {};
  CellReader cell(text);
  std::vector<Quantile> quantiles(cell.Varint());
  for (Quantile& quantile : quantiles) {
    quantile.quantile = cell.Double();
    quantile.value = cell.Double();
  }
  return quantiles;
}

std::uint64_t TimeOf(const Value& value) {
  return static_cast<std::uint64_t>(value.number<std::int64_t>());
}

std::optional<ExponentialBuckets> BucketsOf(const Value& offset, const Value& counts) {
  if (!offset.is_set()) return std::nullopt;
  return ExponentialBuckets{.offset = offset.number<std::int32_t>(),
                            .counts = WordsOf(counts.text())};
}

}  // namespace

ResourceRow ResourceOf(const model::Resource& resource) {
  return {.present = resource.present,
          .attributes = AttributesOfArray(resource.attributes, resource.attribute_count),
          .dropped_attributes_count = resource.dropped_attributes_count,
          .schema_url = std::string(resource.schema_url.view())};
}

ScopeRow ScopeOf(const model::Scope& scope) {
  return {.present = scope.present,
          .name = std::string(scope.name.view()),
          .version = std::string(scope.version.view()),
          .attributes = AttributesOfArray(scope.attributes, scope.attribute_count),
          .dropped_attributes_count = scope.dropped_attributes_count,
          .schema_url = std::string(scope.schema_url.view())};
}

std::uint32_t ResourceIndexOf(const model::Block& block, std::uint32_t row) {
  return Fixed(block, model::kResource, row).number<std::uint32_t>();
}

std::uint32_t ScopeIndexOf(const model::Block& block, std::uint32_t row) {
  return Fixed(block, model::kScope, row).number<std::uint32_t>();
}

LogRow LogRowOf(const model::Block& block, std::uint32_t row) {
  const auto at = [&](std::uint16_t column) { return Fixed(block, column, row); };
  LogRow log;
  log.time = TimeOf(at(model::kLogTime));
  log.observed_time = TimeOf(at(model::kLogObservedTime));
  log.severity_number = at(model::kLogSeverityNumber).number<std::uint8_t>();
  log.severity_text = at(model::kLogSeverityText).text();
  if (const auto type = at(model::kLogBodyType).number<std::uint8_t>(); type != 0) {
    log.body = TypedText{.type = static_cast<AnyType>(type),
                         .text = std::string(at(model::kLogBody).text())};
  }
  log.event_name = at(model::kLogEventName).text();
  log.trace_id = at(model::kLogTraceId).id<RawId16>();
  log.span_id = at(model::kLogSpanId).id<RawId8>();
  log.flags = at(model::kLogFlags).number<std::uint32_t>();
  log.attributes = AttributesOf(block, row);
  log.dropped_attributes_count = at(model::kDroppedAttributes).number<std::uint32_t>();
  return log;
}

SpanRow SpanRowOf(const model::Block& block, std::uint32_t row) {
  const auto at = [&](std::uint16_t column) { return Fixed(block, column, row); };
  SpanRow span;
  span.start_time = TimeOf(at(model::kSpanStartTime));
  span.end_time = TimeOf(at(model::kSpanEndTime));
  span.trace_id = at(model::kSpanTraceId).id<RawId16>();
  span.span_id = at(model::kSpanSpanId).id<RawId8>();
  span.parent_span_id = at(model::kSpanParentSpanId).id<RawId8>();
  span.trace_state = at(model::kSpanTraceState).text();
  span.name = at(model::kSpanName).text();
  span.kind = at(model::kSpanKind).number<std::uint8_t>();
  span.has_status = at(model::kSpanHasStatus).number<std::uint8_t>() != 0;
  span.status_code = at(model::kSpanStatusCode).number<std::uint8_t>();
  span.status_message = at(model::kSpanStatusMessage).text();
  span.flags = at(model::kSpanFlags).number<std::uint32_t>();
  span.attributes = AttributesOf(block, row);
  span.dropped_attributes_count = at(model::kDroppedAttributes).number<std::uint32_t>();
  span.events = EventsOf(at(model::kSpanEvents).text());
  span.dropped_events_count = at(model::kSpanDroppedEvents).number<std::uint32_t>();
  span.links = LinksOf(at(model::kSpanLinks).text());
  span.dropped_links_count = at(model::kSpanDroppedLinks).number<std::uint32_t>();
  return span;
}

MetricRow MetricRowOf(const model::Block& block, std::uint32_t row) {
  const auto at = [&](std::uint16_t column) { return Fixed(block, column, row); };
  MetricRow metric;
  metric.name = at(model::kMetricName).text();
  metric.description = at(model::kMetricDescription).text();
  metric.unit = at(model::kMetricUnit).text();
  metric.type = static_cast<model::MetricType>(at(model::kMetricType).number<std::uint8_t>());
  metric.aggregation_temporality = at(model::kMetricTemporality).number<std::uint8_t>();
  metric.is_monotonic = at(model::kMetricIsMonotonic).number<std::uint8_t>() != 0;
  metric.metadata = AttributesOfCell(at(model::kMetricMetadata).text());
  metric.time = TimeOf(at(model::kMetricTime));
  metric.start_time = TimeOf(at(model::kMetricStartTime));
  metric.flags = at(model::kMetricFlags).number<std::uint32_t>();
  metric.attributes = AttributesOf(block, row);
  metric.value_int = at(model::kMetricValueInt).optional<std::int64_t>();
  if (!metric.value_int) metric.value_double = at(model::kMetricValue).optional<double>();
  metric.count = at(model::kMetricCount).number<std::uint64_t>();
  metric.sum = at(model::kMetricSum).optional<double>();
  metric.min = at(model::kMetricMin).optional<double>();
  metric.max = at(model::kMetricMax).optional<double>();
  metric.bucket_counts = WordsOf(at(model::kMetricBucketCounts).text());
  for (const std::uint64_t word : WordsOf(at(model::kMetricExplicitBounds).text())) {
    metric.explicit_bounds.push_back(std::bit_cast<double>(word));
  }
  metric.scale = at(model::kMetricScale).number<std::int32_t>();
  metric.zero_count = at(model::kMetricZeroCount).number<std::uint64_t>();
  metric.zero_threshold = at(model::kMetricZeroThreshold).number<double>();
  metric.positive = BucketsOf(at(model::kMetricPositiveOffset), at(model::kMetricPositiveCounts));
  metric.negative = BucketsOf(at(model::kMetricNegativeOffset), at(model::kMetricNegativeCounts));
  metric.quantiles = QuantilesOf(at(model::kMetricQuantiles).text());
  metric.exemplars = ExemplarsOf(at(model::kMetricExemplars).text());
  return metric;
}

}  // namespace strata::wire
