#include "app/chaos_message.h"

#include <bit>

#include "wire/proto_writer.h"

namespace strata::app {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

// All doubles here have a few binary digits, so that this is exact and as short as it gets.
std::string Number(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string Quoted(std::int64_t value) {
  return '"' + std::to_string(value) + '"';
}

template <class T, class Format>
std::string Array(std::initializer_list<T> values, Format format) {
  std::string json = "[";
  for (const T& value : values) {
    if (json.size() > 1) json += ',';
    json += format(value);
  }
  return json + ']';
}

}  // namespace

std::string HexOf(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    hex += kHexDigits[byte >> 4];
    hex += kHexDigits[byte & 15];
  }
  return hex;
}

std::string QuotedJson(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (c == '\n') {
      json += "\\n";
    } else {
      json += c;
    }
  }
  return json + '"';
}

void ChaosMessage::Member(std::string_view name, std::string_view value) {
  if (!repeated_.empty()) {
    json_ += ']';
    repeated_.clear();
  }
  if (!json_.empty()) json_ += ',';
  json_.append("\"").append(name).append("\":").append(value);
}

std::string ChaosMessage::json() const {
  return '{' + json_ + (repeated_.empty() ? "}" : "]}");
}

ChaosMessage& ChaosMessage::Text(std::uint32_t field, std::string_view name,
                                 std::string_view value) {
  wire::ProtoWriter(protobuf_).Bytes(field, value);
  Member(name, QuotedJson(value));
  return *this;
}

ChaosMessage& ChaosMessage::Id(std::uint32_t field, std::string_view name, std::string_view bytes) {
  wire::ProtoWriter(protobuf_).Bytes(field, bytes);
  Member(name, '"' + HexOf(bytes) + '"');
  return *this;
}

ChaosMessage& ChaosMessage::Bool(std::uint32_t field, std::string_view name, bool value) {
  wire::ProtoWriter(protobuf_).Varint(field, value ? 1 : 0);
  Member(name, value ? "true" : "false");
  return *this;
}

ChaosMessage& ChaosMessage::Enum(std::uint32_t field, std::string_view name, std::uint32_t value) {
  wire::ProtoWriter(protobuf_).Varint(field, value);
  Member(name, std::to_string(value));
  return *this;
}

ChaosMessage& ChaosMessage::ZigZag(std::uint32_t field, std::string_view name, std::int32_t value) {
  wire::ProtoWriter(protobuf_).Varint(field, wire::EncodeZigZag32(value));
  Member(name, std::to_string(value));
  return *this;
}

ChaosMessage& ChaosMessage::Int64(std::uint32_t field, std::string_view name, std::int64_t value) {
  wire::ProtoWriter(protobuf_).Varint(field, static_cast<std::uint64_t>(value));
  Member(name, Quoted(value));
  return *this;
}

ChaosMessage& ChaosMessage::Fixed32(std::uint32_t field, std::string_view name,
                                    std::uint32_t value) {
  wire::ProtoWriter(protobuf_).Fixed32(field, value);
  Member(name, std::to_string(value));
  return *this;
}

ChaosMessage& ChaosMessage::Fixed64(std::uint32_t field, std::string_view name,
                                    std::uint64_t value) {
  wire::ProtoWriter(protobuf_).Fixed64(field, value);
  Member(name, Quoted(static_cast<std::int64_t>(value)));
  return *this;
}

ChaosMessage& ChaosMessage::Double(std::uint32_t field, std::string_view name, double value) {
  wire::ProtoWriter(protobuf_).Double(field, value);
  Member(name, Number(value));
  return *this;
}

ChaosMessage& ChaosMessage::Add(std::uint32_t field, std::string_view name,
                                const ChaosMessage& message) {
  wire::ProtoWriter(protobuf_).Bytes(field, message.protobuf());
  Member(name, message.json());
  return *this;
}

ChaosMessage& ChaosMessage::Repeat(std::uint32_t field, std::string_view name,
                                   const ChaosMessage& message) {
  wire::ProtoWriter(protobuf_).Bytes(field, message.protobuf());
  if (repeated_ == name) {
    json_ += ',' + message.json();
  } else {
    Member(name, '[' + message.json());
    repeated_ = name;
  }
  return *this;
}

ChaosMessage& ChaosMessage::Fixed64s(std::uint32_t field, std::string_view name,
                                     std::initializer_list<std::uint64_t> values) {
  std::string packed;
  for (const std::uint64_t value : values) wire::ProtoWriter(packed).RawFixed64(value);
  wire::ProtoWriter(protobuf_).Bytes(field, packed);
  Member(name, Array(values, [](std::uint64_t v) { return Quoted(static_cast<std::int64_t>(v)); }));
  return *this;
}

ChaosMessage& ChaosMessage::Varints(std::uint32_t field, std::string_view name,
                                    std::initializer_list<std::uint64_t> values) {
  std::string packed;
  for (const std::uint64_t value : values) wire::ProtoWriter(packed).RawVarint(value);
  wire::ProtoWriter(protobuf_).Bytes(field, packed);
  Member(name, Array(values, [](std::uint64_t v) { return Quoted(static_cast<std::int64_t>(v)); }));
  return *this;
}

ChaosMessage& ChaosMessage::Doubles(std::uint32_t field, std::string_view name,
                                    std::initializer_list<double> values) {
  std::string packed;
  for (const double value : values) {
    wire::ProtoWriter(packed).RawFixed64(std::bit_cast<std::uint64_t>(value));
  }
  wire::ProtoWriter(protobuf_).Bytes(field, packed);
  Member(name, Array(values, Number));
  return *this;
}

}  // namespace strata::app
