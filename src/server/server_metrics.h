// What a listener tells an operator. Registered once per listener; names in docs/metrics.md.
#pragma once

#include <string>

#include "model/metrics.h"
#include "server/ledger.h"

namespace strata::server {

struct ListenerMetrics {
  model::Gauge& connections;
  model::Counter& received_bytes;
  model::Counter& succeeded;     // answered with 1xx to 3xx, or OK
  model::Counter& client_error;  // answered with 4xx, or a status that blames the request
  model::Counter& server_error;  // answered with 5xx, or a status that blames the server
  model::Counter& refused_overload;
  model::Counter& refused_too_large;
  model::Counter& refused_malformed;
  model::Counter& refused_slow;
  model::Counter& refused_connections;
  model::Counter& refused_flood;
  model::Histogram& request_seconds;

  static ListenerMetrics Register(model::Registry& registry, const std::string& listener);

  void CountAnswer(int http_status) const {
    (http_status < 400 ? succeeded : http_status < 500 ? client_error : server_error).Add();
  }
};

// Both gauges of the ledger, which all listeners share.
void RegisterLedger(model::Registry& registry, const Ledger& ledger);

}  // namespace strata::server
