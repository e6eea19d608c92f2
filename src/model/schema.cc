#include "model/schema.h"

#include <array>
#include <string>

#include "base/check.h"

namespace strata::model {
namespace {

using enum ColumnType;

constexpr ColumnSpec kLogSpecs[] = {
    {"ordinal", kUint32},
    {"resource", kUint32},
    {"scope", kUint32},
    {"attributes_rest", kText},
    {"dropped_attributes_count", kUint32},
    {"time", kTime},
    {"observed_time", kTime},
    {"severity_number", kUint8},
    {"severity_text", kLabel},
    {"body", kText},
    {"body_type", kUint8},
    {"event_name", kLabel},
    {"trace_id", kId16},
    {"span_id", kId8},
    {"trace_flags", kUint32},
};
static_assert(std::size(kLogSpecs) == kLogColumns);

constexpr ColumnSpec kSpanSpecs[] = {
    {"ordinal", kUint32},
    {"resource", kUint32},
    {"scope", kUint32},
    {"attributes_rest", kText},
    {"dropped_attributes_count", kUint32},
    {"start_time", kTime},
    {"end_time", kTime},
    {"trace_id", kId16},
    {"span_id", kId8},
    {"parent_span_id", kId8},
    {"trace_state", kLabel},
    {"name", kLabel},
    {"kind", kUint8},
    {"status_code", kUint8},
    {"status_message", kLabel},
    {"flags", kUint32},
    {"events", kText},
    {"links", kText},
    {"dropped_events_count", kUint32},
    {"dropped_links_count", kUint32},
    {"has_status", kBool},
};
static_assert(std::size(kSpanSpecs) == kSpanColumns);

constexpr ColumnSpec kMetricSpecs[] = {
    {"ordinal", kUint32},
    {"resource", kUint32},
    {"scope", kUint32},
    {"attributes_rest", kText},
    {"dropped_attributes_count", kUint32},
    {"time", kTime},
    {"start_time", kTime},
    {"name", kLabel},
    {"description", kLabel},
    {"unit", kLabel},
    {"type", kUint8},
    {"value", kDouble, true},
    {"value_int", kInt64, true},
    {"count", kUint64, true},
    {"sum", kDouble, true},
    {"min", kDouble, true},
    {"max", kDouble, true},
    {"bucket_counts", kText, true},
    {"explicit_bounds", kText, true},
    {"scale", kInt32, true},
    {"zero_count", kUint64, true},
    {"zero_threshold", kDouble, true},
    {"positive_offset", kInt32, true},
    {"positive_counts", kText, true},
    {"negative_offset", kInt32, true},
    {"negative_counts", kText, true},
    {"quantiles", kText, true},
    {"is_monotonic", kBool, true},
    {"aggregation_temporality", kUint8, true},
    {"flags", kUint32},
    {"exemplars", kText},
    {"metadata", kText},
};
static_assert(std::size(kMetricSpecs) == kMetricColumns);

// Decimal names of all bytes, for numbers that no name exists for.
std::string_view Decimal(std::uint8_t number) {
  static const auto names = [] {
    std::array<std::string, 256> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = std::to_string(i);
    return all;
  }();
  return names[number];
}

template <std::size_t N>
std::string_view NameOf(const std::array<std::string_view, N>& names, std::uint8_t number) {
  return number < N && !names[number].empty() ? names[number] : Decimal(number);
}

}  // namespace

std::span<const ColumnSpec> FixedColumns(Kind kind) {
  switch (kind) {
    case Kind::kLogs:
      return kLogSpecs;
    case Kind::kSpans:
      return kSpanSpecs;
    case Kind::kMetrics:
      return kMetricSpecs;
  }
  CHECK(false);
}

std::uint16_t TimeColumn(Kind kind) {
  switch (kind) {
    case Kind::kLogs:
      return kLogTime;
    case Kind::kSpans:
      return kSpanStartTime;
    case Kind::kMetrics:
      return kMetricTime;
  }
  CHECK(false);
}

std::string_view SpanKindName(std::uint8_t number) {
  static constexpr std::array<std::string_view, 6> kNames = {"UNSPECIFIED", "INTERNAL", "SERVER",
                                                             "CLIENT",      "PRODUCER", "CONSUMER"};
  return NameOf(kNames, number);
}

std::string_view StatusCodeName(std::uint8_t number) {
  static constexpr std::array<std::string_view, 3> kNames = {"UNSET", "OK", "ERROR"};
  return NameOf(kNames, number);
}

std::string_view MetricTypeName(std::uint8_t number) {
  static constexpr std::array<std::string_view, 6> kNames = {
      "", "gauge", "sum", "histogram", "exponential_histogram", "summary"};
  return NameOf(kNames, number);
}

std::string_view TemporalityName(std::uint8_t number) {
  static constexpr std::array<std::string_view, 3> kNames = {"UNSPECIFIED", "DELTA", "CUMULATIVE"};
  return NameOf(kNames, number);
}

}  // namespace strata::model
