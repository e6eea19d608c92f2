#include "wire/otlp_decode.h"

#include "wire/record_decoders.h"

namespace strata::wire {

namespace {

template <class Decoder>
void DecodeScope(ProtoCursor scope, DecodeState& state, Decoder& decoder) {
  GroupMessage group;
  ReadGroupMessage(scope, group);
  state.BeginScope(scope, group);
  while (const std::uint32_t tag = scope.NextTag()) {
    if (tag == Tag(2, kBytes)) {
      decoder.Decode(scope.Message());
    } else {
      scope.Skip(tag, 0);
    }
  }
}

// Requests of all kinds have the same two outer levels: resources, in them scopes, in them records.
// What a level says about itself may come after what it contains, so each is passed over twice.
template <class Decoder>
void DecodeRequest(ProtoCursor request, DecodeState& state) {
  Decoder decoder(state);
  GroupMessage group;
  while (const std::uint32_t tag = request.NextTag()) {
    if (tag != Tag(1, kBytes)) {
      request.Skip(tag, Fields(1));
      continue;
    }
    ProtoCursor resource = request.Message();
    ReadGroupMessage(resource, group);
    state.BeginResource(resource, group);
    while (const std::uint32_t inner = resource.NextTag()) {
      if (inner == Tag(2, kBytes)) {
        DecodeScope(resource.Message(), state, decoder);
      } else {
        resource.Skip(inner, 0);
      }
    }
  }
}

}  // namespace

Result<DecodeOutcome> DecodeOtlp(model::Kind kind, ByteSpan request, const Limits& limits,
                                 model::RowWriter& writer) {
  DecodeState state(kind, limits, writer);
  const ProtoCursor cursor(AsText(request), state.malformed);
  switch (kind) {
    case model::Kind::kLogs:
      DecodeRequest<LogDecoder>(cursor, state);
      break;
    case model::Kind::kSpans:
      DecodeRequest<SpanDecoder>(cursor, state);
      break;
    case model::Kind::kMetrics:
      DecodeRequest<MetricDecoder>(cursor, state);
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
