#include "wire/record_decoders.h"

namespace strata::wire {
namespace {

struct LogFields {
  std::uint64_t time = 0;
  std::uint64_t observed_time = 0;
  std::uint64_t severity_number = 0;
  std::uint32_t dropped_attributes = 0;
  std::uint32_t flags = 0;
  std::string_view severity_text;
  std::string_view event_name;
  std::string_view trace_id;
  std::string_view span_id;
  bool has_body = false;
  RawValue body;
};

// Attributes go to the row at once, everything else is collected: of a field that comes twice the
// last one counts.
LogFields ReadFields(std::string_view log_record, DecodeState& state) {
  ProtoCursor message(log_record, state.malformed);
  LogFields fields;
  while (const std::uint32_t tag = message.NextTag()) {
    switch (tag) {
      case Tag(1, kFixed64):
        fields.time = message.Fixed64();
        break;
      case Tag(2, kVarint):
        fields.severity_number = message.Varint();
        break;
      case Tag(3, kBytes):
        fields.severity_text = message.Bytes();
        break;
      case Tag(5, kBytes):
        fields.has_body = true;
        ReadRawValue(message.Bytes(), state.malformed, fields.body);
        break;
      case Tag(6, kBytes):
        state.AddAttribute(message.Bytes());
        break;
      case Tag(7, kVarint):
        fields.dropped_attributes = static_cast<std::uint32_t>(message.Varint());
        break;
      case Tag(8, kFixed32):
        fields.flags = message.Fixed32();
        break;
      case Tag(9, kBytes):
        fields.trace_id = message.Bytes();
        break;
      case Tag(10, kBytes):
        fields.span_id = message.Bytes();
        break;
      case Tag(11, kFixed64):
        fields.observed_time = message.Fixed64();
        break;
      case Tag(12, kBytes):
        fields.event_name = message.Bytes();
        break;
      default:
        message.Skip(tag, Fields(1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12));
    }
  }
  return fields;
}

void WriteBody(const LogFields& fields, DecodeState& state) {
  if (!fields.has_body) return;
  const model::AnyValue body = state.values.Value("body", fields.body);
  state.writer.Set(model::kLogBodyType, static_cast<std::uint8_t>(body.type));
  if (body.type == model::AnyType::kString) {
    state.SetTextUnlessEmpty(model::kLogBody, body.text);
  } else {
    std::string text;
    model::AppendText(text, body);
    state.SetTextUnlessEmpty(model::kLogBody, text);
  }
}

}  // namespace

void LogDecoder::Decode(std::string_view log_record) {
  if (!state_.BeginRecord()) return;
  const LogFields fields = ReadFields(log_record, state_);
  ValueDecoder& values = state_.values;
  values.CheckTime("time_unix_nano", fields.time);
  values.CheckTime("observed_time_unix_nano", fields.observed_time);
  values.CheckId("trace_id", fields.trace_id, 16);
  values.CheckId("span_id", fields.span_id, 8);
  const std::uint8_t severity = values.CheckByte("severity_number", fields.severity_number);
  const std::string_view severity_text = values.CheckText("severity_text", fields.severity_text);
  const std::string_view event_name = values.CheckText("event_name", fields.event_name);
  if (!values.has_problem()) [[likely]] {
    model::RowWriter& writer = state_.writer;
    writer.SetTime(model::kLogTime, static_cast<std::int64_t>(fields.time));
    writer.SetTime(model::kLogObservedTime, static_cast<std::int64_t>(fields.observed_time));
    state_.SetUnlessZero(model::kLogSeverityNumber, severity);
    state_.SetTextUnlessEmpty(model::kLogSeverityText, severity_text);
    WriteBody(fields, state_);
    state_.SetTextUnlessEmpty(model::kLogEventName, event_name);
    writer.SetId(model::kLogTraceId, fields.trace_id);
    writer.SetId(model::kLogSpanId, fields.span_id);
    state_.SetUnlessZero(model::kLogFlags, fields.flags);
  }
  state_.EndRecord(fields.dropped_attributes, fields.time != 0);
}

}  // namespace strata::wire
