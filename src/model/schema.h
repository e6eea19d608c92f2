// The fixed columns of each kind: what every block and every part of it has, besides the columns of
// attributes. A column's place in its list is its index in a block; names are those of the parts
// (docs/formats/parquet.md). The list only grows at its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "model/kind.h"

namespace strata::model {

// How a block stores a column.
enum class ColumnType : std::uint8_t {
  kTime,    // int64 nanoseconds since 1970 UTC; 0 is NULL
  kInt64,   //
  kUint64,  //
  kInt32,   //
  kUint32,  //
  kUint8,   //
  kBool,    // one byte, 0 or 1
  kDouble,  //
  kId16,    // 16 bytes as they came; all zero is NULL
  kId8,     // 8 bytes as they came; all zero is NULL
  kText,    // Text, raw: values that rarely repeat
  kLabel,   // Text through a dictionary while few values repeat, raw otherwise
};

struct ColumnSpec {
  std::string_view name;
  ColumnType type;
  // A row that never set it is NULL; else it is zero or empty.
  bool nullable = false;
};

// Columns that every kind has, at the same index.
enum CommonColumn : std::uint16_t {
  kOrdinal = 0,   // u32: the record's place in its request, rejected records counted
  kResource = 1,  // u32: index into Block::resources()
  kScope = 2,     // u32: index into Block::scopes()
  kRest = 3,  // text: attributes without a column of their own, an attribute cell (model/cell.h)
  kDroppedAttributes = 4,  // u32
  kCommonColumns = 5,
};

enum LogColumn : std::uint16_t {
  kLogTime = kCommonColumns,
  kLogObservedTime,
  kLogSeverityNumber,
  kLogSeverityText,
  kLogBody,
  kLogBodyType,  // u8: the AnyType letter
  kLogEventName,
  kLogTraceId,
  kLogSpanId,
  kLogFlags,
  kLogColumns,
};

enum SpanColumn : std::uint16_t {
  kSpanStartTime = kCommonColumns,
  kSpanEndTime,
  kSpanTraceId,
  kSpanSpanId,
  kSpanParentSpanId,
  kSpanTraceState,
  kSpanName,
  kSpanKind,           // u8: the enum's number
  kSpanStatusCode,     // u8: the enum's number
  kSpanStatusMessage,  //
  kSpanFlags,
  kSpanEvents,  // event cell
  kSpanLinks,   // link cell
  kSpanDroppedEvents,
  kSpanDroppedLinks,
  kSpanHasStatus,  // bool: a Status message was present (it may be empty)
  kSpanColumns,
};

enum MetricColumn : std::uint16_t {
  kMetricTime = kCommonColumns,
  kMetricStartTime,
  kMetricName,
  kMetricDescription,
  kMetricUnit,
  kMetricType,  // u8: MetricType
  kMetricValue,
  kMetricValueInt,
  kMetricCount,
  kMetricSum,
  kMetricMin,
  kMetricMax,
  kMetricBucketCounts,    // u64 cell
  kMetricExplicitBounds,  // double cell
  kMetricScale,
  kMetricZeroCount,
  kMetricZeroThreshold,
  kMetricPositiveOffset,
  kMetricPositiveCounts,  // u64 cell
  kMetricNegativeOffset,
  kMetricNegativeCounts,  // u64 cell
  kMetricQuantiles,       // quantile cell
  kMetricIsMonotonic,
  kMetricTemporality,  // u8: the enum's number; NULL where the type has none
  kMetricFlags,
  kMetricExemplars,  // exemplar cell
  kMetricMetadata,   // attribute cell of Metric.metadata
  kMetricColumns,
};

enum class MetricType : std::uint8_t {
  kGauge = 1,
  kSum = 2,
  kHistogram = 3,
  kExponentialHistogram = 4,
  kSummary = 5,
};

// No kind has more of them.
inline constexpr std::size_t kFixedColumnsMax = kMetricColumns;
static_assert(kLogColumns <= kFixedColumnsMax && kSpanColumns <= kFixedColumnsMax);

std::span<const ColumnSpec> FixedColumns(Kind kind);

// The index of the kind's time column (start_time for spans), by which parts are sorted and pruned.
std::uint16_t TimeColumn(Kind kind);

// SQL texts of enums; an unknown number reads as its decimal.
std::string_view SpanKindName(std::uint8_t number);
std::string_view StatusCodeName(std::uint8_t number);
std::string_view MetricTypeName(std::uint8_t number);
std::string_view TemporalityName(std::uint8_t number);

}  // namespace strata::model
