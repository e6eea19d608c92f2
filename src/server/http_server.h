// The transports, HTTP/1.1 and gRPC: they read requests, hand them to a Handler, write the answers.
// A few io threads share all connections of all listeners; each connection belongs to one of them.
// An HTTP/1.1 connection has one request in flight (pipelined ones wait their turn), a gRPC
// connection many calls.
//
// Every way to hold the server up has a bound: connections, header bytes and fields, body bytes
// (the ledger), time for a header, progress of a body, idle time, frames that bring nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
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

enum class Protocol : std::uint8_t { kHttp, kGrpc };

struct GrpcOptions {
  std::size_t message_bytes_max = 4_MiB;           // as sent, and decompressed
  std::size_t calls_per_connection_max = 128;      // at once
  std::chrono::milliseconds ping_time{60'000};     // of a connection from which nothing comes
  std::chrono::milliseconds ping_timeout{20'000};  // then it is closed
};

struct HttpOptions {
  int io_threads = 2;
  HttpParserLimits limits;  // gRPC: of a call's metadata
  GrpcOptions grpc;
  std::size_t connections_max = 4096;             // of each listener; beyond it: refused and closed
  std::size_t connections_of_all_max = 16'384;    // of all listeners: each is a file descriptor
  std::chrono::milliseconds header_time{30'000};  // from a header's first byte to its last
  // A body must bring body_progress_bytes in each body_progress_time or end in it; else 408, or
  // DEADLINE_EXCEEDED.
  std::chrono::milliseconds body_progress_time{10'000};
  std::size_t body_progress_bytes = 8_KiB;
  std::chrono::milliseconds idle_time{60'000};   // between requests of HTTP/1.1
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
  Result<Address> Listen(const Address& address, const std::string& name, Handler& handler,
                         Protocol protocol = Protocol::kHttp);

  void Start();

  // What a reload may change: limits.body_bytes_max, grpc.message_bytes_max, connections_max and
  // connections_of_all_max. For requests that begin from here on, on connections that are open too.
  // Any thread.
  void Configure(const HttpOptions& options);

  // No new connection or request; those in flight may finish until `grace` is over, then they are
  // cancelled and their connections closed. Afterwards no handler runs and replies go nowhere.
  void Stop(std::chrono::milliseconds grace);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata::server
