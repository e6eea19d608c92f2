// DecodeState: what the decoders of all kinds share while one request is decoded: the writer, the
// report, and the resource and scope at hand. Internal to wire.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "model/row_writer.h"
#include "model/schema.h"
#include "wire/decode_report.h"
#include "wire/limits.h"
#include "wire/proto_cursor.h"
#include "wire/value_decoder.h"

namespace strata::wire {

// The resource or scope that the next records belong to: decoded once, interned in each block that
// a record of it goes to.
struct GroupHead {
  Hash128 hash;  // of the encoded message, the schema url, and whether the message was there
  bool present = false;
  std::string_view schema_url;
  std::string_view name;     // scopes only
  std::string_view version;  // scopes only
  std::uint32_t dropped = 0;
  AttributeList attributes;
  std::string problem;                 // all its records are rejected
  std::optional<std::uint32_t> index;  // in the writer's block
};

// What a ResourceX and a ScopeX message say about themselves, whatever X is.
struct GroupMessage {
  bool present = false;
  std::string_view head;  // the encoded Resource or InstrumentationScope
  std::string_view schema_url;
  std::string merged;  // holds `head` when it came in pieces
};
// Reads fields 1 and 3; passes over the others.
void ReadGroupMessage(std::string_view message, bool& malformed, GroupMessage& group);

class DecodeState {
 public:
  DecodeState(model::Kind kind, const Limits& limits, model::RowWriter& row_writer)
      : writer(row_writer), report(kind), values(limits, report, malformed), limits_(limits) {}

  void BeginResource(const GroupMessage& group);
  void BeginScope(const GroupMessage& group);
  // A problem of the metric at hand, "" when it has none: all its points are rejected.
  void SetMetricProblem(std::string problem) {
    metric_problem_ = std::move(problem);
    UpdateGroupProblem();
  }

  // Begins the next record's row and sets its common columns. false: its group is bad, the record
  // is rejected already.
  bool BeginRecord();
  // One attribute of the record at hand.
  void AddAttribute(std::string_view key_value);
  // Ends what BeginRecord() began: stores the row, or takes it back when there is a problem.
  void EndRecord(std::uint32_t dropped_attributes, bool has_time);

  // Number columns are zero unless they are set.
  template <class T>
  void SetUnlessZero(std::uint16_t column, T value) {
    if (value != 0) writer.Set(column, value);
  }
  void SetTextUnlessEmpty(std::uint16_t column, std::string_view text) {
    if (!text.empty()) writer.SetText(column, text);
  }

  model::RowWriter& writer;
  DecodeReport report;
  ValueDecoder values;
  bool malformed = false;
  bool every_record_has_time = true;
  AttributeList attributes;  // for events, links, exemplars, metadata

 private:
  void UpdateGroupProblem() {
    group_is_bad_ =
        !resource_.problem.empty() || !scope_.problem.empty() || !metric_problem_.empty();
  }
  void InternResource();
  void InternScope();
  const model::Attribute* KeepAttributes(AttributeList& list, std::uint32_t& count);

  const Limits& limits_;
  GroupHead resource_;
  GroupHead scope_;
  std::string metric_problem_;
  bool group_is_bad_ = false;
  std::uint32_t cut_attributes_ = 0;  // of the record at hand
  std::uint32_t attribute_count_ = 0;
};

}  // namespace strata::wire
