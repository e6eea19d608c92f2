#include "wire/otlp_to_json.h"

#include <bit>
#include <string_view>
#include <vector>

#include "wire/base64.h"
#include "wire/json_number.h"
#include "wire/json_string.h"
#include "wire/otlp_schema.h"
#include "wire/proto_cursor.h"

namespace strata::wire {
namespace {

constexpr int kDepthMax = 500;  // messages

// One occurrence of a field: bits of a number, or bytes.
struct Occurrence {
  std::uint64_t bits = 0;
  std::string_view bytes;
};

class JsonPrinter {
 public:
  void Message(std::string_view bytes, const MessageSpec& spec) {
    if (++depth_ > kDepthMax) malformed_ = true;
    out_ += '{';
    bool first = true;
    for (const FieldSpec& field : spec.fields) {
      const std::vector<Occurrence> found = Find(bytes, field);
      if (malformed_) return;
      if (found.empty()) continue;
      out_ += first ? "\"" : ",\"";
      first = false;
      out_.append(field.json_name).append("\":");
      if (field.is_repeated()) {
        Values(found, field);
      } else {
        Value(found.back(), field);
      }
    }
    out_ += '}';
    --depth_;
  }

  bool malformed() const { return malformed_; }
  std::string Take() { return std::move(out_); }

 private:
  static bool IsNumber(FieldType type) { return WireType(type) != kBytes; }

  static std::uint64_t ReadNumber(ProtoCursor& cursor, std::uint32_t wire_type) {
    switch (wire_type) {
      case kFixed64:
        return cursor.Fixed64();
      case kFixed32:
        return cursor.Fixed32();
      default:
        return cursor.Varint();
    }
  }

  // In the order in which they came; items of packed numbers one by one.
  std::vector<Occurrence> Find(std::string_view message, const FieldSpec& field) {
    std::vector<Occurrence> found;
    const std::uint32_t wire_type = WireType(field.type);
    ProtoCursor cursor(message, malformed_);
    while (const std::uint32_t tag = cursor.NextTag()) {
      if (tag == Tag(field.number, wire_type)) {
        Occurrence& one = found.emplace_back();
        if (IsNumber(field.type)) {
          one.bits = ReadNumber(cursor, wire_type);
        } else {
          one.bytes = cursor.Bytes();
        }
      } else if (tag == Tag(field.number, kBytes)) {
        ProtoCursor packed(cursor.Bytes(), malformed_);
        while (!packed.AtEnd()) found.push_back({.bits = ReadNumber(packed, wire_type)});
      } else {
        cursor.Skip(tag, 0);
      }
    }
    return found;
  }

  void Values(const std::vector<Occurrence>& values, const FieldSpec& field) {
    out_ += '[';
    for (const Occurrence& value : values) {
      if (&value != &values.front()) out_ += ',';
      Value(value, field);
    }
    out_ += ']';
  }

  void Quoted(std::string_view text) { out_.append("\"").append(text).append("\""); }

  void Hex(std::string_view id) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out_ += '"';
    for (const char c : id) {
      out_ += kDigits[static_cast<unsigned char>(c) >> 4];
      out_ += kDigits[static_cast<unsigned char>(c) & 15];
    }
    out_ += '"';
  }

  void Value(const Occurrence& value, const FieldSpec& field) {
    const auto narrow = static_cast<std::uint32_t>(value.bits);
    switch (field.type) {
      case FieldType::kMessage:
        return Message(value.bytes, *field.message);
      case FieldType::kString:
        return AppendJsonString(out_, value.bytes);
      case FieldType::kBinary: {
        std::string text;
        AppendBase64(text, value.bytes);
        return Quoted(text);
      }
      case FieldType::kTraceId:
      case FieldType::kSpanId:
        return Hex(value.bytes);
      case FieldType::kBool:
        out_ += value.bits != 0 ? "true" : "false";
        return;
      case FieldType::kDouble:
        return AppendJsonDouble(out_, std::bit_cast<double>(value.bits));
      case FieldType::kInt32:
        out_ += std::to_string(static_cast<std::int32_t>(narrow));
        return;
      case FieldType::kSint32:
        out_ += std::to_string(DecodeZigZag32(value.bits));
        return;
      case FieldType::kUint32:
      case FieldType::kFixedUint32:
        out_ += std::to_string(narrow);
        return;
      case FieldType::kInt64:
      case FieldType::kFixedInt64:
        return Quoted(std::to_string(static_cast<std::int64_t>(value.bits)));
      case FieldType::kUint64:
      case FieldType::kFixedUint64:
        return Quoted(std::to_string(value.bits));
    }
  }

  std::string out_;
  bool malformed_ = false;
  int depth_ = 0;
};

}  // namespace

Result<std::string> OtlpProtobufToJson(model::Kind kind, ByteSpan request) {
  JsonPrinter printer;
  printer.Message(AsText(request), RequestSpec(kind));
  if (printer.malformed())
    return Error{Code::kInvalidInput, "the request is not valid OTLP protobuf"};
  return printer.Take();
}

}  // namespace strata::wire
