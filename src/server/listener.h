// What all connections of one listener share. Internal to the transports.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

#include "base/live.h"
#include "server/handler.h"
#include "server/http_server.h"
#include "server/ledger.h"
#include "server/server_metrics.h"

namespace strata::server {

struct Listener {
  const Live<HttpOptions>& live_options;
  Ledger& ledger;
  Handler& handler;
  const ListenerMetrics metrics;
  std::atomic<std::size_t> connections{0};  // open, or on their way to their thread

  const HttpOptions& options() const { return live_options.Get(); }
};

// Counts a connection of a listener for as long as it lives.
class ConnectionCount {
 public:
  explicit ConnectionCount(Listener& listener) : listener_(listener) {
    listener_.connections.fetch_add(1, std::memory_order_relaxed);
    listener_.metrics.connections.Add(1);
  }
  ~ConnectionCount() { End(); }
  ConnectionCount(const ConnectionCount&) = delete;
  ConnectionCount& operator=(const ConnectionCount&) = delete;

  // Before its end: a connection may be closed while a Reply still holds it.
  void End() {
    if (std::exchange(ended_, true)) return;
    listener_.connections.fetch_sub(1, std::memory_order_relaxed);
    listener_.metrics.connections.Add(-1);
  }

 private:
  Listener& listener_;
  bool ended_ = false;
};

}  // namespace strata::server
