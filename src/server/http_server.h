// The HTTP/1.1 transport: reads requests, hands them to a Handler, writes the answers. A few io
// threads share all connections of all listeners; each connection belongs to one of them and has
// one request in flight (pipelined ones wait their turn).
//
// Every way to hold the server up has a bound: connections, header bytes and fields, body bytes
// (reserved in the ledger before they are read), time for a header, progress of a body, idle time.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/metrics.h"
#include "server/address.h"
#include "server/handler.h"
#include "server/http_request_parser.h"
#include "server/ledger.h"

namespace strata::server {

struct HttpOptions {
  int io_threads = 2;
  HttpParserLimits limits;
  std::size_t connections_max = 4096;             // over all listeners; beyond it: 503 and closed
  std::chrono::milliseconds header_time{30'000};  // from a header's first byte to its last
  // A body must bring body_progress_bytes in each body_progress_time or end in it; else 408.
  std::chrono::milliseconds body_progress_time{10'000};
  std::size_t body_progress_bytes = 8_KiB;
  std::chrono::milliseconds idle_time{60'000};   // between requests
  std::chrono::milliseconds write_time{30'000};  // without progress of an answer
};

class HttpServer {
 public:
  // All three must outlive the server.
  HttpServer(const HttpOptions& options, Ledger& ledger, model::Registry& registry);
  // Stops without grace when Stop was not called.
  ~HttpServer();

  // Opens a listener and returns its address with the port in use; requests wait until Start.
  // `name` labels its metrics. Requires: called before Start; `handler` outlives the server.
  Result<Address> Listen(const Address& address, const std::string& name, Handler& handler);

  void Start();

  // No new connection or request; those in flight may finish until `grace` is over, then they are
  // cancelled and their connections closed. Afterwards no handler runs and replies go nowhere.
  void Stop(std::chrono::milliseconds grace);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata::server
