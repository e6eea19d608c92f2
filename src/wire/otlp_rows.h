// Records as plain structs: what a row of a block or of a part says, in OTLP's terms. The way back
// from storage to OTLP goes through these (wire/otlp_encode.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/any.h"
#include "model/schema.h"

namespace strata::wire {

// An AnyValue as it is stored: a type and a text (model/any.h).
struct TypedText {
  model::AnyType type = model::AnyType::kEmpty;
  std::string text;
  bool operator==(const TypedText&) const = default;
};

struct AttributeText {
  std::string key;
  TypedText value;
  bool operator==(const AttributeText&) const = default;
};
using AttributeTexts = std::vector<AttributeText>;

struct ResourceRow {
  bool present = false;
  AttributeTexts attributes;
  std::uint32_t dropped_attributes_count = 0;
  std::string schema_url;
  bool operator==(const ResourceRow&) const = default;
};

struct ScopeRow {
  bool present = false;
  std::string name;
  std::string version;
  AttributeTexts attributes;
  std::uint32_t dropped_attributes_count = 0;
  std::string schema_url;
  bool operator==(const ScopeRow&) const = default;
};

// Times are nanoseconds since 1970, 0 is unset. Ids are raw bytes, empty is unset.
struct LogRow {
  std::uint64_t time = 0;
  std::uint64_t observed_time = 0;
  std::uint8_t severity_number = 0;
  std::string severity_text;
  std::optional<TypedText> body;
  std::string event_name;
  std::string trace_id;
  std::string span_id;
  std::uint32_t flags = 0;
  AttributeTexts attributes;
  std::uint32_t dropped_attributes_count = 0;
};

struct SpanEvent {
  std::uint64_t time = 0;
  std::string name;
  AttributeTexts attributes;
  std::uint32_t dropped_attributes_count = 0;
};

struct SpanLink {
  std::string trace_id;
  std::string span_id;
  std::string trace_state;
  std::uint32_t flags = 0;
  AttributeTexts attributes;
  std::uint32_t dropped_attributes_count = 0;
};

struct SpanRow {
  std::uint64_t start_time = 0;
  std::uint64_t end_time = 0;
  std::string trace_id;
  std::string span_id;
  std::string parent_span_id;
  std::string trace_state;
  std::string name;
  std::uint8_t kind = 0;
  bool has_status = false;
  std::uint8_t status_code = 0;
  std::string status_message;
  std::uint32_t flags = 0;
  AttributeTexts attributes;
  std::uint32_t dropped_attributes_count = 0;
  std::vector<SpanEvent> events;
  std::uint32_t dropped_events_count = 0;
  std::vector<SpanLink> links;
  std::uint32_t dropped_links_count = 0;
};

struct Exemplar {
  std::uint64_t time = 0;
  std::optional<std::int64_t> value_int;  // at most one of the two
  std::optional<double> value_double;
  std::string trace_id;
  std::string span_id;
  AttributeTexts attributes;
};

struct Quantile {
  double quantile = 0;
  double value = 0;
};

// Buckets of an exponential histogram.
struct ExponentialBuckets {
  std::int32_t offset = 0;
  std::vector<std::uint64_t> counts;
};

// One data point with what its metric says. Which fields count depends on `type`.
struct MetricRow {
  // Of the metric: neighbouring points with equal ones belong to one Metric message.
  std::string name;
  std::string description;
  std::string unit;
  model::MetricType type = model::MetricType::kGauge;
  std::uint8_t aggregation_temporality = 0;
  bool is_monotonic = false;
  AttributeTexts metadata;
  // Of the point.
  std::uint64_t time = 0;
  std::uint64_t start_time = 0;
  std::uint32_t flags = 0;
  AttributeTexts attributes;
  std::optional<std::int64_t> value_int;  // gauge, sum: at most one of the two
  std::optional<double> value_double;
  std::uint64_t count = 0;
  std::optional<double> sum;
  std::optional<double> min;
  std::optional<double> max;
  std::vector<std::uint64_t> bucket_counts;
  std::vector<double> explicit_bounds;
  std::int32_t scale = 0;
  std::uint64_t zero_count = 0;
  double zero_threshold = 0;
  std::optional<ExponentialBuckets> positive;
  std::optional<ExponentialBuckets> negative;
  std::vector<Quantile> quantiles;
  std::vector<Exemplar> exemplars;
};

}  // namespace strata::wire
