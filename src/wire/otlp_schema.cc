#include "wire/otlp_schema.h"

#include <iterator>

#include "base/check.h"
#include "wire/proto_cursor.h"

namespace strata::wire {
namespace {

using enum FieldType;
using enum FieldRule;

extern const MessageSpec kAnyValue;

constexpr FieldSpec kKeyValueFields[] = {
    {"key", 1, kString},
    {"value", 2, kMessage, kAlways, &kAnyValue},
};
constexpr MessageSpec kKeyValue{kKeyValueFields};

constexpr FieldSpec kArrayValueFields[] = {{"values", 1, kMessage, kRepeated, &kAnyValue}};
constexpr MessageSpec kArrayValue{kArrayValueFields};

constexpr FieldSpec kKeyValueListFields[] = {{"values", 1, kMessage, kRepeated, &kKeyValue}};
constexpr MessageSpec kKeyValueList{kKeyValueListFields};

constexpr FieldSpec kAnyValueFields[] = {
    {"stringValue", 1, kString, kOneof},
    {"boolValue", 2, kBool, kOneof},
    {"intValue", 3, kInt64, kOneof},
    {"doubleValue", 4, kDouble, kOneof},
    {"arrayValue", 5, kMessage, kOneof, &kArrayValue},
    {"kvlistValue", 6, kMessage, kOneof, &kKeyValueList},
    {"bytesValue", 7, kBinary, kOneof},
};
constexpr MessageSpec kAnyValue{kAnyValueFields};

constexpr FieldSpec kResourceFields[] = {
    {"attributes", 1, kMessage, kAttributes, &kKeyValue},
    {"droppedAttributesCount", 2, kUint32},
};
constexpr MessageSpec kResource{kResourceFields};

constexpr FieldSpec kScopeFields[] = {
    {"name", 1, kString},
    {"version", 2, kString},
    {"attributes", 3, kMessage, kAttributes, &kKeyValue},
    {"droppedAttributesCount", 4, kUint32},
};
constexpr MessageSpec kScope{kScopeFields};

constexpr FieldSpec kLogRecordFields[] = {
    {"timeUnixNano", 1, kFixedUint64},
    {"severityNumber", 2, kInt32},
    {"severityText", 3, kString},
    {"body", 5, kMessage, kPresence, &kAnyValue},
    {"attributes", 6, kMessage, kAttributes, &kKeyValue},
    {"droppedAttributesCount", 7, kUint32},
    {"flags", 8, kFixedUint32},
    {"traceId", 9, kTraceId},
    {"spanId", 10, kSpanId},
    {"observedTimeUnixNano", 11, kFixedUint64},
    {"eventName", 12, kString},
};
constexpr MessageSpec kLogRecord{kLogRecordFields};

constexpr FieldSpec kEventFields[] = {
    {"timeUnixNano", 1, kFixedUint64},
    {"name", 2, kString},
    {"attributes", 3, kMessage, kAttributes, &kKeyValue},
    {"droppedAttributesCount", 4, kUint32},
};
constexpr MessageSpec kEvent{kEventFields};

constexpr FieldSpec kLinkFields[] = {
    {"traceId", 1, kTraceId},
    {"spanId", 2, kSpanId},
    {"traceState", 3, kString},
    {"attributes", 4, kMessage, kAttributes, &kKeyValue},
    {"droppedAttributesCount", 5, kUint32},
    {"flags", 6, kFixedUint32},
};
constexpr MessageSpec kLink{kLinkFields};

constexpr FieldSpec kStatusFields[] = {
    {"message", 2, kString},
    {"code", 3, kInt32},
};
constexpr MessageSpec kStatus{kStatusFields};

constexpr FieldSpec kSpanFields[] = {
    {"traceId", 1, kTraceId},
    {"spanId", 2, kSpanId},
    {"traceState", 3, kString},
    {"parentSpanId", 4, kSpanId},
    {"name", 5, kString},
    {"kind", 6, kInt32},
    {"startTimeUnixNano", 7, kFixedUint64},
    {"endTimeUnixNano", 8, kFixedUint64},
    {"attributes", 9, kMessage, kAttributes, &kKeyValue},
    {"droppedAttributesCount", 10, kUint32},
    {"events", 11, kMessage, kRepeated, &kEvent},
    {"droppedEventsCount", 12, kUint32},
    {"links", 13, kMessage, kRepeated, &kLink},
    {"droppedLinksCount", 14, kUint32},
    {"status", 15, kMessage, kPresence, &kStatus},
    {"flags", 16, kFixedUint32},
};
constexpr MessageSpec kSpan{kSpanFields};
static_assert(std::size(kSpanFields) <= kFieldsMax);

constexpr FieldSpec kExemplarFields[] = {
    {"timeUnixNano", 2, kFixedUint64},
    {"asDouble", 3, kDouble, kOneof},
    {"spanId", 4, kSpanId},
    {"traceId", 5, kTraceId},
    {"asInt", 6, kFixedInt64, kOneof},
    {"filteredAttributes", 7, kMessage, kAttributes, &kKeyValue},
};
constexpr MessageSpec kExemplar{kExemplarFields};

constexpr FieldSpec kNumberPointFields[] = {
    {"startTimeUnixNano", 2, kFixedUint64},
    {"timeUnixNano", 3, kFixedUint64},
    {"asDouble", 4, kDouble, kOneof},
    {"exemplars", 5, kMessage, kRepeated, &kExemplar},
    {"asInt", 6, kFixedInt64, kOneof},
    {"attributes", 7, kMessage, kAttributes, &kKeyValue},
    {"flags", 8, kUint32},
};
constexpr MessageSpec kNumberPoint{kNumberPointFields};

constexpr FieldSpec kHistogramPointFields[] = {
    {"startTimeUnixNano", 2, kFixedUint64},
    {"timeUnixNano", 3, kFixedUint64},
    {"count", 4, kFixedUint64},
    {"sum", 5, kDouble, kPresence},
    {"bucketCounts", 6, kFixedUint64, kRepeated},
    {"explicitBounds", 7, kDouble, kRepeated},
    {"exemplars", 8, kMessage, kRepeated, &kExemplar},
    {"attributes", 9, kMessage, kAttributes, &kKeyValue},
    {"flags", 10, kUint32},
    {"min", 11, kDouble, kPresence},
    {"max", 12, kDouble, kPresence},
};
constexpr MessageSpec kHistogramPoint{kHistogramPointFields};

constexpr FieldSpec kBucketsFields[] = {
    {"offset", 1, kSint32},
    {"bucketCounts", 2, kUint64, kRepeated},
};
constexpr MessageSpec kBuckets{kBucketsFields};

constexpr FieldSpec kExponentialPointFields[] = {
    {"attributes", 1, kMessage, kAttributes, &kKeyValue},
    {"startTimeUnixNano", 2, kFixedUint64},
    {"timeUnixNano", 3, kFixedUint64},
    {"count", 4, kFixedUint64},
    {"sum", 5, kDouble, kPresence},
    {"scale", 6, kSint32},
    {"zeroCount", 7, kFixedUint64},
    {"positive", 8, kMessage, kPresence, &kBuckets},
    {"negative", 9, kMessage, kPresence, &kBuckets},
    {"flags", 10, kUint32},
    {"exemplars", 11, kMessage, kRepeated, &kExemplar},
    {"min", 12, kDouble, kPresence},
    {"max", 13, kDouble, kPresence},
    {"zeroThreshold", 14, kDouble},
};
constexpr MessageSpec kExponentialPoint{kExponentialPointFields};

constexpr FieldSpec kQuantileFields[] = {
    {"quantile", 1, kDouble},
    {"value", 2, kDouble},
};
constexpr MessageSpec kQuantile{kQuantileFields};

constexpr FieldSpec kSummaryPointFields[] = {
    {"startTimeUnixNano", 2, kFixedUint64},
    {"timeUnixNano", 3, kFixedUint64},
    {"count", 4, kFixedUint64},
    {"sum", 5, kDouble},
    {"quantileValues", 6, kMessage, kRepeated, &kQuantile},
    {"attributes", 7, kMessage, kAttributes, &kKeyValue},
    {"flags", 8, kUint32},
};
constexpr MessageSpec kSummaryPoint{kSummaryPointFields};

constexpr FieldSpec kGaugeFields[] = {{"dataPoints", 1, kMessage, kRepeated, &kNumberPoint}};
constexpr MessageSpec kGauge{kGaugeFields};
constexpr FieldSpec kSumFields[] = {
    {"dataPoints", 1, kMessage, kRepeated, &kNumberPoint},
    {"aggregationTemporality", 2, kInt32},
    {"isMonotonic", 3, kBool},
};
constexpr MessageSpec kSum{kSumFields};
constexpr FieldSpec kHistogramFields[] = {
    {"dataPoints", 1, kMessage, kRepeated, &kHistogramPoint},
    {"aggregationTemporality", 2, kInt32},
};
constexpr MessageSpec kHistogram{kHistogramFields};
constexpr FieldSpec kExponentialFields[] = {
    {"dataPoints", 1, kMessage, kRepeated, &kExponentialPoint},
    {"aggregationTemporality", 2, kInt32},
};
constexpr MessageSpec kExponential{kExponentialFields};
constexpr FieldSpec kSummaryFields[] = {{"dataPoints", 1, kMessage, kRepeated, &kSummaryPoint}};
constexpr MessageSpec kSummary{kSummaryFields};

constexpr FieldSpec kMetricFields[] = {
    {"name", 1, kString},
    {"description", 2, kString},
    {"unit", 3, kString},
    {"gauge", 5, kMessage, kOneof, &kGauge},
    {"sum", 7, kMessage, kOneof, &kSum},
    {"histogram", 9, kMessage, kOneof, &kHistogram},
    {"exponentialHistogram", 10, kMessage, kOneof, &kExponential},
    {"summary", 11, kMessage, kOneof, &kSummary},
    {"metadata", 12, kMessage, kAttributes, &kKeyValue},
};
constexpr MessageSpec kMetric{kMetricFields};

constexpr FieldSpec kScopeLogsFields[] = {
    {"scope", 1, kMessage, kPresence, &kScope},
    {"logRecords", 2, kMessage, kRepeated, &kLogRecord},
    {"schemaUrl", 3, kString},
};
constexpr MessageSpec kScopeLogs{kScopeLogsFields};
constexpr FieldSpec kScopeSpansFields[] = {
    {"scope", 1, kMessage, kPresence, &kScope},
    {"spans", 2, kMessage, kRepeated, &kSpan},
    {"schemaUrl", 3, kString},
};
constexpr MessageSpec kScopeSpans{kScopeSpansFields};
constexpr FieldSpec kScopeMetricsFields[] = {
    {"scope", 1, kMessage, kPresence, &kScope},
    {"metrics", 2, kMessage, kRepeated, &kMetric},
    {"schemaUrl", 3, kString},
};
constexpr MessageSpec kScopeMetrics{kScopeMetricsFields};

constexpr FieldSpec kResourceLogsFields[] = {
    {"resource", 1, kMessage, kPresence, &kResource},
    {"scopeLogs", 2, kMessage, kRepeated, &kScopeLogs},
    {"schemaUrl", 3, kString},
};
constexpr MessageSpec kResourceLogs{kResourceLogsFields};
constexpr FieldSpec kResourceSpansFields[] = {
    {"resource", 1, kMessage, kPresence, &kResource},
    {"scopeSpans", 2, kMessage, kRepeated, &kScopeSpans},
    {"schemaUrl", 3, kString},
};
constexpr MessageSpec kResourceSpans{kResourceSpansFields};
constexpr FieldSpec kResourceMetricsFields[] = {
    {"resource", 1, kMessage, kPresence, &kResource},
    {"scopeMetrics", 2, kMessage, kRepeated, &kScopeMetrics},
    {"schemaUrl", 3, kString},
};
constexpr MessageSpec kResourceMetrics{kResourceMetricsFields};

constexpr FieldSpec kLogsFields[] = {{"resourceLogs", 1, kMessage, kRepeated, &kResourceLogs}};
constexpr MessageSpec kLogs{kLogsFields};
constexpr FieldSpec kTracesFields[] = {{"resourceSpans", 1, kMessage, kRepeated, &kResourceSpans}};
constexpr MessageSpec kTraces{kTracesFields};
constexpr FieldSpec kMetricsFields[] = {
    {"resourceMetrics", 1, kMessage, kRepeated, &kResourceMetrics}};
constexpr MessageSpec kMetrics{kMetricsFields};

}  // namespace

std::uint32_t WireType(FieldType type) {
  switch (type) {
    case kBool:
    case kInt32:
    case kUint32:
    case kInt64:
    case kUint64:
    case kSint32:
      return kVarint;
    case kFixedUint64:
    case kFixedInt64:
    case kDouble:
      return kFixed64;
    case kFixedUint32:
      return kFixed32;
    case kString:
    case kBinary:
    case kTraceId:
    case kSpanId:
    case kMessage:
      return kBytes;
  }
  CHECK(false);
}

const MessageSpec& RequestSpec(model::Kind kind) {
  switch (kind) {
    case model::Kind::kLogs:
      return kLogs;
    case model::Kind::kSpans:
      return kTraces;
    case model::Kind::kMetrics:
      return kMetrics;
  }
  CHECK(false);
}

const MessageSpec& ResourceSpec() {
  return kResource;
}

const MessageSpec& ScopeSpec() {
  return kScope;
}

const MessageSpec& RecordSpec(model::Kind kind) {
  CHECK(kind != model::Kind::kMetrics);
  return kind == model::Kind::kLogs ? kLogRecord : kSpan;
}

const MessageSpec& MetricSpec() {
  return kMetric;
}

const MessageSpec* MetricDataSpec(std::uint32_t field) {
  for (const FieldSpec& spec : kMetricFields) {
    if (spec.number == field && spec.rule == kOneof) return spec.message;
  }
  return nullptr;
}

const MessageSpec& PointSpec(const MessageSpec& data) {
  return *data.fields[0].message;
}

const MessageSpec& ArrayValueSpec() {
  return kArrayValue;
}

const MessageSpec& KeyValueListSpec() {
  return kKeyValueList;
}

}  // namespace strata::wire
