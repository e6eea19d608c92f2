#include "wire/json_transcode.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include <simdjson.h>

#include "wire/base64.h"
#include "wire/json_bad_text.h"
#include "wire/proto_writer.h"

namespace strata::wire {
namespace {

namespace dom = simdjson::dom;

// Text as a whole number or decimal; nothing if any of it is left.
template <class Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, number);
  if (error != std::errc{} || stop != end || text.empty()) return std::nullopt;
  return number;
}

// A number or a string with one. Decimals without a fraction are integers to JSON.
template <class Integer>
std::optional<Integer> ReadInteger(const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::INT64: {
      const std::int64_t number = value.get_int64().value_unsafe();
      if (!std::in_range<Integer>(number)) return std::nullopt;
      return static_cast<Integer>(number);
    }
    case dom::element_type::UINT64: {
      const std::uint64_t number = value.get_uint64().value_unsafe();
      if (!std::in_range<Integer>(number)) return std::nullopt;
      return static_cast<Integer>(number);
    }
    case dom::element_type::DOUBLE: {
      const double number = value.get_double().value_unsafe();
      // Exact powers of two, so that the casts below cannot overflow.
      constexpr double kLow = std::is_signed_v<Integer> ? -0x1p63 : 0.0;
      constexpr double kHigh = std::is_signed_v<Integer> ? 0x1p63 : 0x1p64;
      if (!(number >= kLow && number < kHigh) || number != std::trunc(number)) return std::nullopt;
      const auto whole =
          static_cast<std::conditional_t<std::is_signed_v<Integer>, std::int64_t, std::uint64_t>>(
              number);
      if (!std::in_range<Integer>(whole)) return std::nullopt;
      return static_cast<Integer>(whole);
    }
    case dom::element_type::STRING:
      return ParseNumber<Integer>(value.get_string().value_unsafe());
    default:
      return std::nullopt;
  }
}

std::optional<double> ReadDouble(const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::INT64:
      return static_cast<double>(value.get_int64().value_unsafe());
    case dom::element_type::UINT64:
      return static_cast<double>(value.get_uint64().value_unsafe());
    case dom::element_type::DOUBLE:
      return value.get_double().value_unsafe();
    case dom::element_type::STRING: {
      const std::string_view text = value.get_string().value_unsafe();
      if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
      if (text == "Infinity") return std::numeric_limits<double>::infinity();
      if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
      // from_chars also takes names of what is not finite, in any case.
      if (text.find_first_not_of("+-.0123456789eE") != std::string_view::npos) return std::nullopt;
      return ParseNumber<double>(text);
    }
    default:
      return std::nullopt;
  }
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The id's bytes. What is no hex becomes bytes of a wrong length, so that the decoder rejects the
// one record that it is in.
std::string ReadId(std::string_view hex, std::size_t bytes) {
  std::string id;
  bool is_hex = hex.size() % 2 == 0;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const int high = HexDigit(hex[i]);
    const int low = HexDigit(hex[i + 1]);
    is_hex = is_hex && high >= 0 && low >= 0;
    id.push_back(static_cast<char>((high & 15) << 4 | (low & 15)));
  }
  if (!is_hex && (id.size() == bytes || id.empty())) id.push_back('\0');
  return id;
}

// The text with a byte that is no UTF-8 in the place of each mark, so that the decoder rejects the
// one record that it is in.
std::string Unmarked(std::string_view text, std::string_view mark) {
  std::string bytes(text);
  for (std::size_t at = 0; (at = bytes.find(mark, at)) != std::string::npos; ++at) {
    bytes.replace(at, mark.size(), "\xFF");
  }
  return bytes;
}

// Deeper than this no value may nest, whatever the limits (limits.nesting is at most 128, and each
// level of values is two of messages): what is below is left out, for the decoder rejects the
// record.
constexpr int kMessageDepthMax = 1000;

class Transcoder {
 public:
  // `mark` stands for what was no text; empty: there is none.
  Transcoder(std::string& out, std::size_t output_bytes_max, std::string_view mark)
      : writer_(out), output_bytes_max_(output_bytes_max), mark_(mark) {}

  Status Message(const dom::object& object, const MessageSpec& spec);

 private:
  Status Field(const dom::element& value, const FieldSpec& field);
  Status Repeated(const dom::element& value, const FieldSpec& field);
  Status Nested(const dom::element& value, const FieldSpec& field);
  Status Scalar(const dom::element& value, const FieldSpec& field);
  Status Text(std::string_view text, const FieldSpec& field);
  // Writes the value with its tag, or without one as an item of a packed field.
  Status Number(const dom::element& value, const FieldSpec& field, bool packed);
  void WriteNumber(const FieldSpec& field, bool packed, std::uint64_t bits);
  static Error Wrong(const FieldSpec& field, std::string_view wanted) {
    return {Code::kInvalidInput, std::string(field.json_name) + " is not " + std::string(wanted)};
  }

  ProtoWriter writer_;
  const std::size_t output_bytes_max_;
  const std::string_view mark_;
  int depth_ = 0;
};

// Fields are written in the order of their numbers; of a duplicate key the last counts.
Status Transcoder::Message(const dom::object& object, const MessageSpec& spec) {
  std::array<dom::element, kFieldsMax> values;
  std::uint32_t present = 0;
  for (const auto& [key, value] : object) {
    for (std::size_t i = 0; i < spec.fields.size(); ++i) {
      if (spec.fields[i].json_name != key) continue;
      values[i] = value;
      present |= 1U << i;
      break;
    }
  }
  for (std::size_t i = 0; i < spec.fields.size(); ++i) {
    if ((present >> i & 1) == 0 || values[i].is_null()) continue;
    RETURN_IF_ERROR(Field(values[i], spec.fields[i]));
  }
  return Done{};
}

Status Transcoder::Field(const dom::element& value, const FieldSpec& field) {
  if (writer_.size() > output_bytes_max_) {
    return Error{Code::kTooLarge, "the request takes more than " +
                                      std::to_string(output_bytes_max_) + " bytes as protobuf"};
  }
  if (field.is_repeated()) return Repeated(value, field);
  if (field.type == FieldType::kMessage) return Nested(value, field);
  return Scalar(value, field);
}

Status Transcoder::Repeated(const dom::element& value, const FieldSpec& field) {
  dom::array items;
  if (value.get_array().get(items) != simdjson::SUCCESS) return Wrong(field, "an array");
  if (field.type == FieldType::kMessage) {
    for (const dom::element item : items) RETURN_IF_ERROR(Nested(item, field));
    return Done{};
  }
  if (items.begin() == items.end()) return Done{};
  const std::size_t begin = writer_.BeginMessage(field.number);
  for (const dom::element item : items) {
    if (writer_.size() > output_bytes_max_) break;
    RETURN_IF_ERROR(Number(item, field, /*packed=*/true));
  }
  writer_.EndMessage(begin);
  return Done{};
}

Status Transcoder::Nested(const dom::element& value, const FieldSpec& field) {
  dom::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return Wrong(field, "an object");
  const std::size_t begin = writer_.BeginMessage(field.number);
  if (++depth_ <= kMessageDepthMax) RETURN_IF_ERROR(Message(object, *field.message));
  --depth_;
  writer_.EndMessage(begin);
  return Done{};
}

Status Transcoder::Scalar(const dom::element& value, const FieldSpec& field) {
  switch (field.type) {
    case FieldType::kString:
    case FieldType::kBinary:
    case FieldType::kTraceId:
    case FieldType::kSpanId: {
      std::string_view text;
      if (value.get_string().get(text) != simdjson::SUCCESS) return Wrong(field, "a string");
      return Text(text, field);
    }
    default:
      return Number(value, field, /*packed=*/false);
  }
}

Status Transcoder::Text(std::string_view text, const FieldSpec& field) {
  std::string bytes;
  if (field.type == FieldType::kBinary) {
    std::optional<std::string> decoded = DecodeBase64(text);
    if (!decoded) return Wrong(field, "base64");
    bytes = *std::move(decoded);
    text = bytes;
  } else if (field.type != FieldType::kString && !text.empty()) {
    bytes = ReadId(text, field.type == FieldType::kTraceId ? 16 : 8);
    text = bytes;
  } else if (!mark_.empty() && text.find(mark_) != std::string_view::npos) {
    bytes = Unmarked(text, mark_);
    text = bytes;
  }
  if (field.rule == FieldRule::kPlain) {
    writer_.BytesUnlessEmpty(field.number, text);
  } else {
    writer_.Bytes(field.number, text);
  }
  return Done{};
}

Status Transcoder::Number(const dom::element& value, const FieldSpec& field, bool packed) {
  const auto write = [&](auto number, std::string_view wanted) -> Status {
    if (!number) return Wrong(field, wanted);
    WriteNumber(field, packed, static_cast<std::uint64_t>(*number));
    return Done{};
  };
  switch (field.type) {
    case FieldType::kBool: {
      bool flag = false;
      if (value.get_bool().get(flag) != simdjson::SUCCESS) return Wrong(field, "true or false");
      WriteNumber(field, packed, flag ? 1 : 0);
      return Done{};
    }
    case FieldType::kDouble: {
      const std::optional<double> number = ReadDouble(value);
      if (!number) return Wrong(field, "a number");
      WriteNumber(field, packed, std::bit_cast<std::uint64_t>(*number));
      return Done{};
    }
    case FieldType::kInt32:
      return write(ReadInteger<std::int32_t>(value), "a 32-bit integer");
    case FieldType::kSint32: {
      const auto number = ReadInteger<std::int32_t>(value);
      if (!number) return Wrong(field, "a 32-bit integer");
      WriteNumber(field, packed, EncodeZigZag32(*number));
      return Done{};
    }
    case FieldType::kUint32:
    case FieldType::kFixedUint32:
      return write(ReadInteger<std::uint32_t>(value), "an unsigned 32-bit integer");
    case FieldType::kInt64:
    case FieldType::kFixedInt64:
      return write(ReadInteger<std::int64_t>(value), "a 64-bit integer");
    case FieldType::kUint64:
    case FieldType::kFixedUint64:
      return write(ReadInteger<std::uint64_t>(value), "an unsigned 64-bit integer");
    default:
      CHECK(false);
  }
}

void Transcoder::WriteNumber(const FieldSpec& field, bool packed, std::uint64_t bits) {
  const std::uint32_t wire_type = WireType(field.type);
  if (packed) {
    if (wire_type == kFixed64) {
      writer_.RawFixed64(bits);
    } else {
      writer_.RawVarint(bits);
    }
    return;
  }
  if (bits == 0 && field.rule == FieldRule::kPlain) return;
  if (wire_type == kFixed64) {
    writer_.Fixed64(field.number, bits);
  } else if (wire_type == kFixed32) {
    writer_.Fixed32(field.number, static_cast<std::uint32_t>(bits));
  } else {
    writer_.Varint(field.number, bits);
  }
}

// Few documents nest deeper than the parser's default; for one that does the parser is given more
// memory (nine bytes a level) once.
simdjson::error_code Parse(dom::parser& parser, std::string_view json, dom::element& document) {
  constexpr std::size_t kDepthMax = 1 << 20;
  const auto error = parser.parse(json.data(), json.size()).get(document);
  if (error != simdjson::DEPTH_ERROR) return error;
  if (const auto full = parser.allocate(json.size(), kDepthMax)) return full;
  return parser.parse(json.data(), json.size()).get(document);
}

}  // namespace

Status TranscodeJson(std::string_view json, const MessageSpec& spec, std::size_t output_bytes_max,
                     std::string& out) {
  dom::parser parser;
  dom::element document;
  std::optional<MarkedJson> marked;
  auto error = Parse(parser, json, document);
  if (error == simdjson::UTF8_ERROR || error == simdjson::STRING_ERROR) {
    marked = MarkBadText(json);
    if (marked) error = Parse(parser, marked->json, document);
  }
  if (error) {
    return Error{Code::kInvalidInput,
                 std::string("the body is not JSON: ") + simdjson::error_message(error)};
  }
  dom::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) {
    return Error{Code::kInvalidInput, "the body is not a JSON object"};
  }
  const std::string mark = marked ? marked->mark : std::string();
  RETURN_IF_ERROR(Transcoder(out, output_bytes_max, mark).Message(object, spec));
  if (out.size() > output_bytes_max) {
    return Error{Code::kTooLarge, "the request takes more than " +
                                      std::to_string(output_bytes_max) + " bytes as protobuf"};
  }
  return Done{};
}

}  // namespace strata::wire
