#include "model/cell.h"
#include "wire/record_decoders.h"

namespace strata::wire {

struct SpanDecoder::Fields {
  std::uint64_t start_time = 0;
  std::uint64_t end_time = 0;
  std::uint64_t kind = 0;
  std::uint64_t status_code = 0;
  std::uint32_t flags = 0;
  std::uint32_t dropped_attributes = 0;
  std::uint32_t dropped_events = 0;
  std::uint32_t dropped_links = 0;
  bool has_status = false;
  std::string_view trace_id;
  std::string_view span_id;
  std::string_view parent_span_id;
  std::string_view trace_state;
  std::string_view name;
  std::string_view status_message;
};

void SpanDecoder::Decode(std::string_view bytes) {
  ProtoCursor span(bytes, state_.malformed);
  if (!state_.BeginRecord()) return;
  events_.clear();
  links_.clear();
  event_count_ = 0;
  link_count_ = 0;
  Fields fields;
  while (const std::uint32_t tag = span.NextTag()) {
    switch (tag) {
      case Tag(1, kBytes):
        fields.trace_id = span.Bytes();
        break;
      case Tag(2, kBytes):
        fields.span_id = span.Bytes();
        break;
      case Tag(3, kBytes):
        fields.trace_state = span.Bytes();
        break;
      case Tag(4, kBytes):
        fields.parent_span_id = span.Bytes();
        break;
      case Tag(5, kBytes):
        fields.name = span.Bytes();
        break;
      case Tag(6, kVarint):
        fields.kind = span.Varint();
        break;
      case Tag(7, kFixed64):
        fields.start_time = span.Fixed64();
        break;
      case Tag(8, kFixed64):
        fields.end_time = span.Fixed64();
        break;
      case Tag(9, kBytes):
        state_.AddAttribute(span.Bytes());
        break;
      case Tag(10, kVarint):
        fields.dropped_attributes = static_cast<std::uint32_t>(span.Varint());
        break;
      case Tag(11, kBytes):
        AddEvent(span.Bytes());
        break;
      case Tag(12, kVarint):
        fields.dropped_events = static_cast<std::uint32_t>(span.Varint());
        break;
      case Tag(13, kBytes):
        AddLink(span.Bytes());
        break;
      case Tag(14, kVarint):
        fields.dropped_links = static_cast<std::uint32_t>(span.Varint());
        break;
      case Tag(15, kBytes):
        ReadStatus(span.Bytes(), fields);
        break;
      case Tag(16, kFixed32):
        fields.flags = span.Fixed32();
        break;
      default:
        span.Skip(tag, wire::Fields(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16));
    }
  }
  Write(fields);
  state_.EndRecord(fields.dropped_attributes, fields.start_time != 0);
}

void SpanDecoder::ReadStatus(std::string_view bytes, Fields& fields) {
  ProtoCursor message(bytes, state_.malformed);
  fields.has_status = true;
  while (const std::uint32_t tag = message.NextTag()) {
    switch (tag) {
      case Tag(2, kBytes):
        fields.status_message = message.Bytes();
        break;
      case Tag(3, kVarint):
        fields.status_code = message.Varint();
        break;
      default:
        message.Skip(tag, wire::Fields(2, 3));
    }
  }
}

void SpanDecoder::AddEvent(std::string_view bytes) {
  ProtoCursor message(bytes, state_.malformed);
  std::uint64_t time = 0;
  std::string_view name;
  std::uint32_t declared_dropped = 0;
  std::uint32_t cut = 0;
  AttributeList& attributes = state_.attributes;
  attributes.Clear();
  while (const std::uint32_t tag = message.NextTag()) {
    switch (tag) {
      case Tag(1, kFixed64):
        time = message.Fixed64();
        break;
      case Tag(2, kBytes):
        name = message.Bytes();
        break;
      case Tag(3, kBytes):
        state_.values.AddAttribute(message.Bytes(), attributes, cut);
        break;
      case Tag(4, kVarint):
        declared_dropped = static_cast<std::uint32_t>(message.Varint());
        break;
      default:
        message.Skip(tag, wire::Fields(1, 2, 3, 4));
    }
  }
  state_.values.CheckTime("time_unix_nano of an event", time);
  ++event_count_;
  model::CellWriter item(events_);
  item.Fixed64(time);
  item.String(state_.values.CheckText("name of an event", name));
  item.Varint(std::uint32_t{declared_dropped + cut});
  attributes.AppendCell(events_);
}

void SpanDecoder::AddLink(std::string_view bytes) {
  ProtoCursor message(bytes, state_.malformed);
  std::string_view trace_id;
  std::string_view span_id;
  std::string_view trace_state;
  std::uint32_t flags = 0;
  std::uint32_t declared_dropped = 0;
  std::uint32_t cut = 0;
  AttributeList& attributes = state_.attributes;
  attributes.Clear();
  while (const std::uint32_t tag = message.NextTag()) {
    switch (tag) {
      case Tag(1, kBytes):
        trace_id = message.Bytes();
        break;
      case Tag(2, kBytes):
        span_id = message.Bytes();
        break;
      case Tag(3, kBytes):
        trace_state = message.Bytes();
        break;
      case Tag(4, kBytes):
        state_.values.AddAttribute(message.Bytes(), attributes, cut);
        break;
      case Tag(5, kVarint):
        declared_dropped = static_cast<std::uint32_t>(message.Varint());
        break;
      case Tag(6, kFixed32):
        flags = message.Fixed32();
        break;
      default:
        message.Skip(tag, wire::Fields(1, 2, 3, 4, 5, 6));
    }
  }
  state_.values.CheckId("trace_id of a link", trace_id, 16);
  state_.values.CheckId("span_id of a link", span_id, 8);
  ++link_count_;
  model::CellWriter item(links_);
  item.String(trace_id);
  item.String(span_id);
  item.String(state_.values.CheckText("trace_state of a link", trace_state));
  item.Varint(flags);
  item.Varint(std::uint32_t{declared_dropped + cut});
  attributes.AppendCell(links_);
}

void SpanDecoder::Write(const Fields& fields) {
  ValueDecoder& values = state_.values;
  values.CheckTime("start_time_unix_nano", fields.start_time);
  values.CheckTime("end_time_unix_nano", fields.end_time);
  values.CheckId("trace_id", fields.trace_id, 16);
  values.CheckId("span_id", fields.span_id, 8);
  values.CheckId("parent_span_id", fields.parent_span_id, 8);
  const std::uint8_t kind = values.CheckByte("kind", fields.kind);
  const std::uint8_t status_code = values.CheckByte("status code", fields.status_code);
  const std::string_view trace_state = values.CheckText("trace_state", fields.trace_state);
  const std::string_view name = values.CheckText("name", fields.name);
  const std::string_view message = values.CheckText("status message", fields.status_message);
  if (values.has_problem()) return;
  model::RowWriter& writer = state_.writer;
  writer.SetTime(model::kSpanStartTime, static_cast<std::int64_t>(fields.start_time));
  writer.SetTime(model::kSpanEndTime, static_cast<std::int64_t>(fields.end_time));
  writer.SetId(model::kSpanTraceId, fields.trace_id);
  writer.SetId(model::kSpanSpanId, fields.span_id);
  writer.SetId(model::kSpanParentSpanId, fields.parent_span_id);
  state_.SetTextUnlessEmpty(model::kSpanTraceState, trace_state);
  state_.SetTextUnlessEmpty(model::kSpanName, name);
  state_.SetUnlessZero(model::kSpanKind, kind);
  state_.SetUnlessZero(model::kSpanStatusCode, status_code);
  state_.SetTextUnlessEmpty(model::kSpanStatusMessage, message);
  state_.SetUnlessZero(model::kSpanFlags, fields.flags);
  state_.SetUnlessZero(model::kSpanDroppedEvents, fields.dropped_events);
  state_.SetUnlessZero(model::kSpanDroppedLinks, fields.dropped_links);
  state_.SetUnlessZero(model::kSpanHasStatus, std::uint8_t{fields.has_status});
  if (event_count_ != 0) {
    writer.SetText(model::kSpanEvents, model::CellOf(event_count_, events_, cell_));
  }
  if (link_count_ != 0) {
    writer.SetText(model::kSpanLinks, model::CellOf(link_count_, links_, cell_));
  }
}

}  // namespace strata::wire
