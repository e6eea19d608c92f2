#include "server/server_metrics.h"

namespace strata::server {

ListenerMetrics ListenerMetrics::Register(model::Registry& registry, const std::string& listener) {
  const auto answered = [&](const char* outcome) -> model::Counter& {
    return registry.AddCounter("strata_server_requests_total", "Requests answered, by outcome.",
                               {{"listener", listener}, {"outcome", outcome}});
  };
  const auto refused = [&](const char* reason) -> model::Counter& {
    return registry.AddCounter("strata_server_refused_total",
                               "Requests and connections refused before a handler saw them.",
                               {{"listener", listener}, {"reason", reason}});
  };
  return {
      .connections = registry.AddGauge("strata_server_connections", "Open client connections.",
                                       {{"listener", listener}}),
      .received_bytes =
          registry.AddCounter("strata_server_received_bytes_total",
                              "Bytes of request bodies as they came.", {{"listener", listener}}),
      .succeeded = answered("success"),
      .client_error = answered("client_error"),
      .server_error = answered("server_error"),
      .refused_overload = refused("overload"),
      .refused_too_large = refused("too_large"),
      .refused_malformed = refused("malformed"),
      .refused_slow = refused("slow"),
      .refused_connections = refused("connections"),
      .refused_flood = refused("flood"),
      .request_seconds = registry.AddHistogram(
          "strata_server_request_seconds", "From the whole request read to its answer handed over.",
          model::kSecondsBounds, {{"listener", listener}}),
  };
}

void RegisterLedger(model::Registry& registry, const Ledger& ledger) {
  registry.AddGaugeCallback("strata_server_in_flight_bytes",
                            "Bytes of requests that are read or wait for their answer.",
                            [&ledger] { return static_cast<double>(ledger.used_bytes()); });
  registry.AddGaugeCallback("strata_server_in_flight_limit_bytes",
                            "Beyond this many requests are refused as retryable.",
                            [&ledger] { return static_cast<double>(ledger.limit_bytes()); });
}

}  // namespace strata::server
