#include "wire/value_decoder.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "model/cell.h"
#include "wire/base64.h"
#include "wire/json_number.h"
#include "wire/json_string.h"

namespace strata::wire {

using model::AnyType;
using model::AnyValue;

void ReadRawValue(std::string_view bytes, bool& malformed, RawValue& value) {
  ProtoCursor message(bytes, malformed);
  while (const std::uint32_t tag = message.NextTag()) {
    switch (tag) {
      case Tag(1, kBytes):
        value = {.type = AnyType::kString, .bytes = message.Bytes()};
        break;
      case Tag(2, kVarint):
        value = {.type = AnyType::kBool, .integer = message.Varint() != 0 ? 1 : 0};
        break;
      case Tag(3, kVarint):
        value = {.type = AnyType::kInt, .integer = static_cast<std::int64_t>(message.Varint())};
        break;
      case Tag(4, kFixed64):
        value = {.type = AnyType::kDouble, .number = message.Double()};
        break;
      case Tag(5, kBytes):
        value = {.type = AnyType::kArray, .bytes = message.Bytes()};
        break;
      case Tag(6, kBytes):
        value = {.type = AnyType::kMap, .bytes = message.Bytes()};
        break;
      case Tag(7, kBytes):
        value = {.type = AnyType::kBytes, .bytes = message.Bytes()};
        break;
      default:
        message.Skip(tag, Fields(1, 2, 3, 4, 5, 6, 7));
    }
  }
}

RawKeyValue ReadRawKeyValue(std::string_view bytes, bool& malformed) {
  ProtoCursor message(bytes, malformed);
  RawKeyValue result;
  while (const std::uint32_t tag = message.NextTag()) {
    switch (tag) {
      case Tag(1, kBytes):
        result.key = message.Bytes();
        break;
      case Tag(2, kBytes):
        ReadRawValue(message.Bytes(), malformed, result.value);
        break;
      default:
        message.Skip(tag, Fields(1, 2));
    }
  }
  return result;
}

void AttributeList::Clear() {
  entries_.clear();
  ends_.clear();
  texts_.clear();
  added_ = 0;
}

// Strings stay in the request; other texts are made here, and found when no more are added.
void AttributeList::Add(std::string_view key, const AnyValue& value) {
  Entry entry{.key = key, .type = value.type, .order = added_++};
  if (value.type == AnyType::kString) {
    entry.text = value.text;
  } else {
    model::AppendText(texts_, value);
  }
  entries_.push_back(entry);
  ends_.push_back(texts_.size());
}

std::span<const AttributeList::Entry> AttributeList::Finish() {
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    if (entries_[i].type == AnyType::kString) continue;
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    entries_[i].text = std::string_view(texts_).substr(begin, ends_[i] - begin);
  }
  ends_.clear();
  std::ranges::sort(entries_, [](const Entry& left, const Entry& right) {
    const int compared = left.key.compare(right.key);
    return compared != 0 ? compared < 0 : left.order < right.order;
  });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (i + 1 == entries_.size() || entries_[i + 1].key != entries_[i].key) {
      entries_[kept++] = entries_[i];
    }
  }
  entries_.resize(kept);
  return entries_;
}

void AttributeList::AppendCell(std::string& cell) {
  const std::span<const Entry> entries = Finish();
  model::CellWriter writer(cell);
  writer.Varint(entries.size());
  for (const Entry& entry : entries) {
    writer.Byte(static_cast<char>(entry.type));
    writer.String(entry.key);
    writer.String(entry.text);
  }
}

void ValueDecoder::NotUtf8(std::string_view field) {
  SetProblem(std::string(field) + " is not valid UTF-8");
}

void ValueDecoder::WrongIdSize(std::string_view field, std::size_t size) {
  SetProblem(std::string(field) + " of " + std::to_string(size) + " bytes");
}

void ValueDecoder::TimeBeyondRange(std::string_view field) {
  SetProblem(std::string(field) + " is beyond April 2262");
}

std::uint8_t ValueDecoder::ByteOutOfRange(std::string_view field, std::uint64_t number) {
  SetProblem(std::string(field) + " " + std::to_string(static_cast<std::int64_t>(number)) +
             " is out of range");
  return 0;
}

std::string_view ValueDecoder::Truncate(std::string_view text) {
  report_.AddTruncatedValue();
  return TruncateUtf8(text, limits_.value_bytes);
}

AnyValue ValueDecoder::OtherValue(const RawValue& raw) {
  switch (raw.type) {
    case AnyType::kBytes: {
      std::string_view bytes = raw.bytes;
      if (bytes.size() > limits_.value_bytes) {
        report_.AddTruncatedValue();
        bytes = bytes.substr(0, limits_.value_bytes);
      }
      text_.clear();
      AppendBase64(text_, bytes);
      return {.type = raw.type, .text = text_};
    }
    case AnyType::kArray:
    case AnyType::kMap:
      text_.clear();
      json_cut_ = false;
      if (raw.type == AnyType::kArray) {
        AppendJsonArray(raw.bytes, 1);
      } else {
        AppendJsonMap(raw.bytes, 1);
      }
      return {.type = raw.type, .text = text_};
    default:
      return {.type = raw.type, .integer = raw.integer, .number = raw.number};
  }
}

void ValueDecoder::AppendJsonValue(const RawValue& raw, std::uint32_t depth) {
  const bool nests = raw.type == AnyType::kArray || raw.type == AnyType::kMap;
  if (nests && depth > limits_.nesting) {
    SetProblem("values nested deeper than " + std::to_string(limits_.nesting));
    return;
  }
  text_ += '{';
  switch (raw.type) {
    case AnyType::kString:
      text_ += "\"stringValue\":";
      AppendJsonString(text_, CheckText("a nested string", raw.bytes));
      break;
    case AnyType::kBool:
      text_ += raw.integer != 0 ? "\"boolValue\":true" : "\"boolValue\":false";
      break;
    case AnyType::kInt:
      text_ += "\"intValue\":\"";
      model::AppendInteger(text_, raw.integer);
      text_ += '"';
      break;
    case AnyType::kDouble:
      text_ += "\"doubleValue\":";
      AppendJsonDouble(text_, raw.number);
      break;
    case AnyType::kBytes:
      text_ += "\"bytesValue\":\"";
      AppendBase64(text_, raw.bytes.substr(0, limits_.value_bytes));
      if (raw.bytes.size() > limits_.value_bytes) report_.AddTruncatedValue();
      text_ += '"';
      break;
    case AnyType::kArray:
      text_ += "\"arrayValue\":";
      AppendJsonArray(raw.bytes, depth);
      break;
    case AnyType::kMap:
      text_ += "\"kvlistValue\":";
      AppendJsonMap(raw.bytes, depth);
      break;
    case AnyType::kEmpty:
      break;
  }
  text_ += '}';
}

// A list whose text is long enough ends before its next element, so that what is kept stays JSON.
bool ValueDecoder::HasJsonRoom() {
  if (has_problem()) return false;
  if (text_.size() < limits_.value_bytes) return true;
  if (!json_cut_) report_.AddTruncatedValue();
  json_cut_ = true;
  return false;
}

void ValueDecoder::AppendJsonArray(std::string_view array, std::uint32_t depth) {
  text_ += "{\"values\":[";
  ProtoCursor message(array, malformed_);
  bool first = true;
  while (const std::uint32_t tag = message.NextTag()) {
    if (tag != Tag(1, kBytes)) {
      message.Skip(tag, Fields(1));
      continue;
    }
    if (!HasJsonRoom()) break;
    RawValue value;
    ReadRawValue(message.Bytes(), malformed_, value);
    if (!first) text_ += ',';
    first = false;
    AppendJsonValue(value, depth + 1);
  }
  text_ += "]}";
}

void ValueDecoder::AppendJsonMap(std::string_view map, std::uint32_t depth) {
  text_ += "{\"values\":[";
  ProtoCursor message(map, malformed_);
  bool first = true;
  while (const std::uint32_t tag = message.NextTag()) {
    if (tag != Tag(1, kBytes)) {
      message.Skip(tag, Fields(1));
      continue;
    }
    if (!HasJsonRoom()) break;
    const RawKeyValue pair = ReadRawKeyValue(message.Bytes(), malformed_);
    text_ += first ? "{\"key\":" : ",{\"key\":";
    first = false;
    AppendJsonString(text_, CheckText("a nested key", pair.key));
    text_ += ",\"value\":";
    AppendJsonValue(pair.value, depth + 1);
    text_ += '}';
  }
  text_ += "]}";
}

void ValueDecoder::AddAttribute(std::string_view message, AttributeList& list,
                                std::uint32_t& dropped) {
  if (list.added() >= limits_.attributes) {
    ++dropped;
    report_.AddCutAttribute();
    return;
  }
  const RawKeyValue pair = ReadRawKeyValue(message, malformed_);
  const std::string_view key = CheckText("an attribute key", pair.key);
  list.Add(key, Value("an attribute value", pair.value));
}

}  // namespace strata::wire
