// ValueDecoder: strings, ids, AnyValues and attribute lists of one request, checked and cut to the
// limits. Whatever makes a record unfit for storage becomes its problem() and is reported by the
// caller.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/any.h"
#include "wire/decode_report.h"
#include "wire/limits.h"
#include "wire/proto_cursor.h"
#include "wire/utf8.h"

namespace strata::wire {

// An AnyValue as it stands in the request. Of its oneof the last member that came counts.
struct RawValue {
  model::AnyType type = model::AnyType::kEmpty;
  std::string_view bytes;    // string, bytes; the encoded ArrayValue or KeyValueList
  std::int64_t integer = 0;  // int; bool as 0 or 1
  double number = 0;
};

// Reads one AnyValue message into `value`, as protobuf merges: what it does not hold stays.
void ReadRawValue(std::string_view message, bool& malformed, RawValue& value);

struct RawKeyValue {
  std::string_view key;
  RawValue value;
};
RawKeyValue ReadRawKeyValue(std::string_view message, bool& malformed);

// A list of attributes that does not get columns: of resources, scopes, events, links, exemplars.
class AttributeList {
 public:
  struct Entry {
    std::string_view key;  // in the request
    model::AnyType type = model::AnyType::kEmpty;
    std::string_view text;
    std::uint32_t order = 0;
  };

  void Clear();
  // How often Add was called since Clear().
  std::uint32_t added() const { return added_; }
  void Add(std::string_view key, const model::AnyValue& value);
  // By key ascending, of a duplicate key the last; valid until the next Clear().
  std::span<const Entry> Finish();
  // Appends the attribute cell (model/cell.h).
  void AppendCell(std::string& cell);

 private:
  std::vector<Entry> entries_;
  std::vector<std::size_t> ends_;  // of each entry's text in texts_
  std::string texts_;
  std::uint32_t added_ = 0;
};

class ValueDecoder {
 public:
  ValueDecoder(const Limits& limits, DecodeReport& report, bool& malformed)
      : limits_(limits), report_(report), malformed_(malformed) {}

  // Why what was read since the last ClearProblem() cannot be stored; empty: it can.
  const std::string& problem() const { return problem_; }
  bool has_problem() const { return !problem_.empty(); }
  void ClearProblem() { problem_.clear(); }
  // The first problem stays.
  void SetProblem(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  // The text, cut to the limit. `field` is for the problem.
  std::string_view CheckText(std::string_view field, std::string_view text) {
    if (!IsUtf8(text)) [[unlikely]] {
      NotUtf8(field);
      return {};
    }
    return text.size() <= limits_.value_bytes ? text : Truncate(text);
  }
  // `size` bytes or none.
  void CheckId(std::string_view field, std::string_view id, std::size_t size) {
    if (id.size() != size && !id.empty()) [[unlikely]]
      WrongIdSize(field, id.size());
  }
  // INT64_MAX itself means infinity in TIMESTAMP_NS.
  void CheckTime(std::string_view field, std::uint64_t nanos) {
    if (nanos >= INT64_MAX) [[unlikely]]
      TimeBeyondRange(field);
  }
  // The number as a byte; 0 with a problem when it does not fit.
  std::uint8_t CheckByte(std::string_view field, std::uint64_t number) {
    if (number > UINT8_MAX) [[unlikely]]
      return ByteOutOfRange(field, number);
    return static_cast<std::uint8_t>(number);
  }

  // The value as it is kept; its text lies in the request or in this decoder, until the next call.
  model::AnyValue Value(std::string_view field, const RawValue& raw) {
    if (raw.type == model::AnyType::kString) [[likely]] {
      return {.type = raw.type, .text = CheckText(field, raw.bytes)};
    }
    return OtherValue(raw);
  }
  // Adds a KeyValue message to `list`; beyond the limit it counts as dropped.
  void AddAttribute(std::string_view message, AttributeList& list, std::uint32_t& dropped);

 private:
  void NotUtf8(std::string_view field);
  void WrongIdSize(std::string_view field, std::size_t size);
  void TimeBeyondRange(std::string_view field);
  std::uint8_t ByteOutOfRange(std::string_view field, std::uint64_t number);
  std::string_view Truncate(std::string_view text);
  model::AnyValue OtherValue(const RawValue& raw);
  void AppendJsonValue(const RawValue& raw, std::uint32_t depth);
  void AppendJsonArray(std::string_view array, std::uint32_t depth);
  void AppendJsonMap(std::string_view map, std::uint32_t depth);
  bool HasJsonRoom();

  const Limits& limits_;
  DecodeReport& report_;
  bool& malformed_;
  std::string problem_;
  std::string text_;
  bool json_cut_ = false;
};

}  // namespace strata::wire
