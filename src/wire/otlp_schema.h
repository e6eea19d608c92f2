// The messages of OTLP as tables, for what handles all of them alike: JSON, canonical form. (The
// decoder into rows is written out by hand, for speed.) Field numbers are those of
// opentelemetry-proto 1.x.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "model/kind.h"

namespace strata::wire {

enum class FieldType : std::uint8_t {
  kString,
  kBinary,   // base64 in JSON
  kTraceId,  // 16 bytes, hex in JSON
  kSpanId,   // 8 bytes, hex in JSON
  kBool,
  kInt32,  // varint; enums too
  kUint32,
  kInt64,
  kUint64,
  kSint32,
  kFixedUint32,
  kFixedUint64,
  kFixedInt64,
  kDouble,
  kMessage,
};

// What a field is beyond its type.
enum class FieldRule : std::uint8_t {
  kPlain,       // left out when it holds its default
  kPresence,    // optional: an explicit default counts
  kOneof,       // of the message's one oneof: the last member that came counts
  kRepeated,    // numbers packed
  kAttributes,  // repeated KeyValue; canonically by key, each key once, the last
  kAlways,      // a message that is canonically written even when it is absent
};

struct MessageSpec;

struct FieldSpec {
  std::string_view json_name;
  std::uint32_t number;
  FieldType type;
  FieldRule rule = FieldRule::kPlain;
  const MessageSpec* message = nullptr;

  constexpr bool is_repeated() const {
    return rule == FieldRule::kRepeated || rule == FieldRule::kAttributes;
  }
};

// No message of OTLP has more fields.
inline constexpr std::size_t kFieldsMax = 16;

struct MessageSpec {
  std::span<const FieldSpec> fields;  // by number ascending
};

std::uint32_t WireType(FieldType type);

const MessageSpec& RequestSpec(model::Kind kind);
const MessageSpec& ResourceSpec();
const MessageSpec& ScopeSpec();
// LogRecord and Span.
const MessageSpec& RecordSpec(model::Kind kind);
// Metric with its data left out: head of the metric's group.
const MessageSpec& MetricSpec();
// Of a Metric's field that holds the data: Gauge, Sum and so on; nullptr for other numbers.
const MessageSpec* MetricDataSpec(std::uint32_t field);
// Of a data message: its points.
const MessageSpec& PointSpec(const MessageSpec& data);
const MessageSpec& ArrayValueSpec();
const MessageSpec& KeyValueListSpec();

}  // namespace strata::wire
