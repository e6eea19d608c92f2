#include "wire/otlp_decode.h"

#include "wire/record_decoders.h"

namespace strata::wire {

namespace {

template <class Decoder>
void DecodeScope(std::string_view message, DecodeState& state, Decoder& decoder) {
  GroupMessage group;
  ReadGroupMessage(message, state.malformed, group);
  state.BeginScope(group);
  ProtoCursor scope(message, state.malformed);
  while (const std::uint32_t tag = scope.NextTag()) {
    if (tag == Tag(2, kBytes)) {
      decoder.Decode(scope.Bytes());
    } else {
      scope.Skip(tag, 0);
    }
  }
}

template <class Decoder>
void DecodeResource(std::string_view message, DecodeState& state, Decoder& decoder) {
  GroupMessage group;
  ReadGroupMessage(message, state.malformed, group);
  state.BeginResource(group);
  ProtoCursor resource(message, state.malformed);
  while (const std::uint32_t tag = resource.NextTag()) {
    if (tag == Tag(2, kBytes)) {
      DecodeScope(resource.Bytes(), state, decoder);
    } else {
      resource.Skip(tag, 0);
    }
  }
}

// Requests of all kinds have the same two outer levels: resources, in them scopes, in them records.
// What a level says about itself may come after what it contains, so each is passed over twice.
template <class Decoder>
void DecodeRequest(std::string_view message, DecodeState& state) {
  Decoder decoder(state);
  ProtoCursor request(message, state.malformed);
  while (const std::uint32_t tag = request.NextTag()) {
    if (tag == Tag(1, kBytes)) {
      DecodeResource(request.Bytes(), state, decoder);
    } else {
      request.Skip(tag, Fields(1));
    }
  }
}

}  // namespace

Result<DecodeOutcome> DecodeOtlp(model::Kind kind, ByteSpan request, const Limits& limits,
                                 model::RowWriter& writer) {
  DecodeState state(kind, limits, writer);
  const std::string_view message = AsText(request);
  switch (kind) {
    case model::Kind::kLogs:
      DecodeRequest<LogDecoder>(message, state);
      break;
    case model::Kind::kSpans:
      DecodeRequest<SpanDecoder>(message, state);
      break;
    case model::Kind::kMetrics:
      DecodeRequest<MetricDecoder>(message, state);
      break;
  }
  if (state.malformed) return Error{Code::kInvalidInput, "the request is not valid OTLP protobuf"};
  const DecodeReport& report = state.report;
  return DecodeOutcome{.accepted = report.accepted(),
                       .rejected = report.rejected(),
                       .truncated_values = report.truncated_values(),
                       .cut_attributes = report.cut_attributes(),
                       .every_record_has_time = state.every_record_has_time,
                       .message = report.Message(limits.value_bytes, limits.attributes)};
}

}  // namespace strata::wire
