// Log records and spans of `strata chaos`.
#include "app/chaos_record.h"

namespace strata::app {

ChaosRecord MakeChaosLog(const ChaosDraw& draw) {
  const auto severity = static_cast<std::uint32_t>(1 + draw.Below(24));
  const std::string body = draw.Words();
  const std::string trace = draw.Id(16);
  const std::string span = draw.Id(8);
  const auto count = static_cast<std::int64_t>(draw.Below(1'000'000));
  const double share = static_cast<double>(draw.Below(8'000)) + 0.5;
  const bool observed = draw.Below(3) != 0;

  ChaosMessage log;
  log.Fixed64(1, "timeUnixNano", static_cast<std::uint64_t>(draw.time_ns));
  log.Enum(2, "severityNumber", severity).Text(3, "severityText", "level");
  log.Add(5, "body", ChaosText(body));
  log.Repeat(6, "attributes", ChaosAttribute("chaos.request", ChaosText(draw.id.Text())));
  log.Repeat(6, "attributes", ChaosAttribute("count", ChaosMessage().Int64(3, "intValue", -count)));
  log.Repeat(6, "attributes",
             ChaosAttribute("share", ChaosMessage().Double(4, "doubleValue", share)));
  log.Enum(7, "droppedAttributesCount", draw.ordinal).Fixed32(8, "flags", 1);
  log.Id(9, "traceId", trace).Id(10, "spanId", span);
  if (observed) {
    log.Fixed64(11, "observedTimeUnixNano", static_cast<std::uint64_t>(draw.time_ns + 7));
  }
  log.Text(12, "eventName", "chaos.event");

  ChaosRow row;
  row.Time(draw.time_ns);
  if (observed) {
    row.Time(draw.time_ns + 7);
  } else {
    row.Null();
  }
  row.Number(severity).Text("level").Text(body).Text("chaos.event").Hex(trace).Hex(span);
  row.Text("chaos-" + std::to_string(draw.id.client));
  AddChaosOrigin(row, draw.id,
                 R"({"chaos.request":")" + draw.id.Text() + R"(","count":")" +
                     (count == 0 ? "0" : "-" + std::to_string(count)) + R"(","share":")" +
                     std::to_string(static_cast<std::int64_t>(share)) + R"(.5"})");
  row.Number(1).Number(draw.ordinal).Text("logs");
  return {.message = std::move(log), .row = std::move(row).Finish()};
}

ChaosRecord MakeChaosSpan(const ChaosDraw& draw) {
  const std::string trace = draw.Id(16);
  const std::string span_id = draw.Id(8);
  const std::string parent = draw.Id(8);
  const std::string linked = draw.Id(16);
  const std::string linked_span = draw.Id(8);
  const std::string name = draw.Words();
  const std::uint64_t duration = draw.Below(1'000'000'000);
  const std::int64_t end = draw.time_ns + static_cast<std::int64_t>(duration);

  ChaosMessage span;
  span.Id(1, "traceId", trace).Id(2, "spanId", span_id).Text(3, "traceState", "a=b");
  span.Id(4, "parentSpanId", parent).Text(5, "name", name).Enum(6, "kind", 2);
  span.Fixed64(7, "startTimeUnixNano", static_cast<std::uint64_t>(draw.time_ns));
  span.Fixed64(8, "endTimeUnixNano", static_cast<std::uint64_t>(end));
  span.Repeat(9, "attributes", ChaosAttribute("chaos.request", ChaosText(draw.id.Text())));
  span.Enum(10, "droppedAttributesCount", 3);
  span.Repeat(11, "events",
              ChaosMessage()
                  .Fixed64(1, "timeUnixNano", static_cast<std::uint64_t>(end))
                  .Text(2, "name", "retry")
                  .Repeat(3, "attributes", ChaosAttribute("why", ChaosText(name)))
                  .Enum(4, "droppedAttributesCount", 1));
  span.Enum(12, "droppedEventsCount", 4);
  span.Repeat(13, "links",
              ChaosMessage()
                  .Id(1, "traceId", linked)
                  .Id(2, "spanId", linked_span)
                  .Text(3, "traceState", "c=d")
                  .Fixed32(6, "flags", 257));
  span.Enum(14, "droppedLinksCount", 5);
  span.Add(15, "status", ChaosMessage().Text(2, "message", "no").Enum(3, "code", 2));
  span.Fixed32(16, "flags", 1);

  ChaosRow row;
  row.Time(draw.time_ns).Time(end).Number(duration).Hex(trace).Hex(span_id).Hex(parent);
  row.Text("a=b").Text(name).Text("SERVER").Text("ERROR").Text("no");
  row.Text("chaos-" + std::to_string(draw.id.client)).Number(1);
  AddChaosOrigin(row, draw.id, R"({"chaos.request":")" + draw.id.Text() + R"("})");
  row.Raw(R"([{"time":")" + ChaosTime(end) + R"(","name":"retry","attributes":{"why":)" +
          QuotedJson(name) + R"(},"dropped_attributes_count":1}])");
  row.Raw(R"([{"trace_id":")" + HexOf(linked) + R"(","span_id":")" + HexOf(linked_span) +
          R"(","trace_state":"c=d","flags":257,"attributes":{},"dropped_attributes_count":0}])");
  row.Number(3).Number(4).Number(5).Text("spans");
  return {.message = std::move(span), .row = std::move(row).Finish()};
}

}  // namespace strata::app
