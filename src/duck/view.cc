#include "duck/view.h"

#include <array>

#include "base/check.h"
#include "duck/part_schema.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::LogicalType;
using model::ColumnType;
using model::Kind;

// Ids are text in views and bytes in parts.
LogicalType SqlType(ColumnType type) {
  const bool id = type == ColumnType::kId16 || type == ColumnType::kId8;
  return id ? LogicalType::VARCHAR : PartType(type);
}

// Collects the columns of one view in the contract's order.
class Builder {
 public:
  explicit Builder(Kind kind) : kind_(kind) {}

  Builder& Fixed(std::uint16_t fixed) {
    const auto& spec = model::FixedColumns(kind_)[fixed];
    return Add(std::string(spec.name), SqlType(spec.type), ViewSource::kFixed, fixed);
  }
  Builder& Fixed(std::initializer_list<std::uint16_t> all) {
    for (const auto fixed : all) Fixed(fixed);
    return *this;
  }
  Builder& Enum(std::uint16_t fixed) {
    return Add(std::string(model::FixedColumns(kind_)[fixed].name), LogicalType::VARCHAR,
               ViewSource::kEnum, fixed);
  }
  Builder& Cell(std::uint16_t fixed) {
    const CellType cell = CellTypeOf(kind_, fixed);
    Add(std::string(model::FixedColumns(kind_)[fixed].name), ViewCellType(cell), ViewSource::kCell,
        fixed);
    columns_.back().cell = cell;
    return *this;
  }
  Builder& Text(const char* name, ViewSource source) {
    return Add(name, LogicalType::VARCHAR, source, 0);
  }
  Builder& Attributes() {
    static constexpr std::pair<const char*, AttributeScope> kMaps[] = {
        {"attributes", AttributeScope::kRecord},
        {"resource_attributes", AttributeScope::kResource},
        {"scope_attributes", AttributeScope::kScope}};
    for (const auto& [name, scope] : kMaps) {
      Add(name, TextMapType(), ViewSource::kAttributes, 0);
      columns_.back().scope = scope;
    }
    return *this;
  }
  Builder& Origin() {
    return Text("scope_name", ViewSource::kScopeName)
        .Text("scope_version", ViewSource::kScopeVersion)
        .Text("resource_schema_url", ViewSource::kResourceUrl)
        .Text("scope_schema_url", ViewSource::kScopeUrl);
  }
  std::vector<ViewColumn> Finish() {
    Text("collection", ViewSource::kCollection);
    Add("position", LogicalType::UBIGINT, ViewSource::kPosition, 0);
    Fixed(model::kOrdinal);
    return std::move(columns_);
  }
  Builder& Add(std::string name, LogicalType type, ViewSource source, std::uint16_t fixed) {
    columns_.push_back({.name = std::move(name),
                        .type = std::move(type),
                        .source = source,
                        .fixed = fixed,
                        .key = {}});
    return *this;
  }

 private:
  Kind kind_;
  std::vector<ViewColumn> columns_;
};

std::vector<ViewColumn> Logs() {
  using namespace model;
  Builder b(Kind::kLogs);
  b.Fixed({kLogTime, kLogObservedTime, kLogSeverityNumber, kLogSeverityText});
  b.Add("body", LogicalType::VARCHAR, ViewSource::kBody, kLogBody);
  b.Fixed({kLogEventName, kLogTraceId, kLogSpanId}).Text("service_name", ViewSource::kServiceName);
  b.Attributes().Origin().Fixed({kLogFlags, kDroppedAttributes});
  return b.Finish();
}

std::vector<ViewColumn> Spans() {
  using namespace model;
  Builder b(Kind::kSpans);
  b.Fixed({kSpanStartTime, kSpanEndTime});
  b.Add("duration_ns", LogicalType::BIGINT, ViewSource::kDuration, kSpanStartTime);
  b.Fixed({kSpanTraceId, kSpanSpanId, kSpanParentSpanId, kSpanTraceState, kSpanName});
  b.Enum(kSpanKind).Enum(kSpanStatusCode).Fixed(kSpanStatusMessage);
  b.Text("service_name", ViewSource::kServiceName).Fixed(kSpanFlags).Attributes().Origin();
  b.Cell(kSpanEvents).Cell(kSpanLinks);
  b.Fixed({kDroppedAttributes, kSpanDroppedEvents, kSpanDroppedLinks});
  return b.Finish();
}

std::vector<ViewColumn> Metrics() {
  using namespace model;
  Builder b(Kind::kMetrics);
  b.Fixed({kMetricTime, kMetricStartTime, kMetricName, kMetricDescription, kMetricUnit});
  b.Enum(kMetricType).Text("service_name", ViewSource::kServiceName);
  b.Add("value", LogicalType::DOUBLE, ViewSource::kValue, kMetricValue);
  b.Fixed({kMetricValueInt, kMetricCount, kMetricSum, kMetricMin, kMetricMax});
  b.Cell(kMetricBucketCounts).Cell(kMetricExplicitBounds);
  b.Fixed({kMetricScale, kMetricZeroCount, kMetricZeroThreshold, kMetricPositiveOffset});
  b.Cell(kMetricPositiveCounts).Fixed(kMetricNegativeOffset).Cell(kMetricNegativeCounts);
  b.Cell(kMetricQuantiles).Fixed(kMetricIsMonotonic).Enum(kMetricTemporality);
  b.Fixed(kMetricFlags).Cell(kMetricExemplars).Attributes().Origin();
  return b.Finish();
}

LogicalType MapWithTypes(duckdb::child_list_t<LogicalType>& fields, bool in_part) {
  fields.emplace_back("attributes", TextMapType());
  if (in_part) fields.emplace_back("attribute_types", LogicalType::VARCHAR);
  return LogicalType::LIST(LogicalType::STRUCT(fields));
}

LogicalType CellSqlType(CellType cell, bool in_part) {
  const LogicalType id = in_part ? LogicalType::BLOB : LogicalType::VARCHAR;
  duckdb::child_list_t<LogicalType> fields;
  switch (cell) {
    case CellType::kEvents:
      fields = {{"time", LogicalType::TIMESTAMP_NS}, {"name", LogicalType::VARCHAR}};
      MapWithTypes(fields, in_part);
      fields.emplace_back("dropped_attributes_count", LogicalType::UINTEGER);
      return LogicalType::LIST(LogicalType::STRUCT(fields));
    case CellType::kLinks:
      fields = {{"trace_id", id},
                {"span_id", id},
                {"trace_state", LogicalType::VARCHAR},
                {"flags", LogicalType::UINTEGER}};
      MapWithTypes(fields, in_part);
      fields.emplace_back("dropped_attributes_count", LogicalType::UINTEGER);
      return LogicalType::LIST(LogicalType::STRUCT(fields));
    case CellType::kExemplars:
      fields = {{"time", LogicalType::TIMESTAMP_NS},
                {"value", LogicalType::DOUBLE},
                {"value_int", LogicalType::BIGINT},
                {"trace_id", id},
                {"span_id", id}};
      return MapWithTypes(fields, in_part);
    case CellType::kQuantiles:
      return LogicalType::LIST(
          LogicalType::STRUCT({{"quantile", LogicalType::DOUBLE}, {"value", LogicalType::DOUBLE}}));
    case CellType::kUint64s:
      return LogicalType::LIST(LogicalType::UBIGINT);
    case CellType::kDoubles:
      return LogicalType::LIST(LogicalType::DOUBLE);
    case CellType::kAttributes:
      return TextMapType();
    case CellType::kNone:
      break;
  }
  CHECK(false);
}

}  // namespace

LogicalType TextMapType() {
  return LogicalType::MAP(LogicalType::VARCHAR, LogicalType::VARCHAR);
}
LogicalType ViewCellType(CellType cell) {
  return CellSqlType(cell, /*in_part=*/false);
}
LogicalType PartCellType(CellType cell) {
  return CellSqlType(cell, /*in_part=*/true);
}

const std::vector<ViewColumn>& ViewColumns(Kind kind) {
  static const std::vector<ViewColumn> logs = Logs();
  static const std::vector<ViewColumn> spans = Spans();
  static const std::vector<ViewColumn> metrics = Metrics();
  switch (kind) {
    case Kind::kLogs:
      return logs;
    case Kind::kSpans:
      return spans;
    case Kind::kMetrics:
      return metrics;
  }
  CHECK(false);
}

ViewColumn AttributeViewColumn(AttributeScope scope, const std::string& key) {
  const char* map = scope == AttributeScope::kRecord     ? "attributes"
                    : scope == AttributeScope::kResource ? "resource_attributes"
                                                         : "scope_attributes";
  return {.name = std::string(map) + "['" + key + "']",
          .type = LogicalType::VARCHAR,
          .source = ViewSource::kAttribute,
          .scope = scope,
          .key = key};
}

CellType CellTypeOf(Kind kind, std::uint16_t fixed) {
  if (fixed == model::kRest) return CellType::kAttributes;
  if (kind == Kind::kSpans) {
    if (fixed == model::kSpanEvents) return CellType::kEvents;
    if (fixed == model::kSpanLinks) return CellType::kLinks;
  }
  if (kind != Kind::kMetrics) return CellType::kNone;
  switch (fixed) {
    case model::kMetricBucketCounts:
    case model::kMetricPositiveCounts:
    case model::kMetricNegativeCounts:
      return CellType::kUint64s;
    case model::kMetricExplicitBounds:
      return CellType::kDoubles;
    case model::kMetricQuantiles:
      return CellType::kQuantiles;
    case model::kMetricExemplars:
      return CellType::kExemplars;
    case model::kMetricMetadata:
      return CellType::kAttributes;
    default:
      return CellType::kNone;
  }
}

std::string_view EnumName(Kind kind, std::uint16_t fixed, std::uint8_t number) {
  if (kind == Kind::kSpans) {
    return fixed == model::kSpanKind ? model::SpanKindName(number) : model::StatusCodeName(number);
  }
  return fixed == model::kMetricType ? model::MetricTypeName(number)
                                     : model::TemporalityName(number);
}

}  // namespace strata::duck
