// The gRPC transport: every unary method goes, as bytes, to one Handler (a Router, by method name).
//
// gRPC would inflate a message before it looks at its size, so it is told to hand messages over as
// they came; wire::Decompress decodes them under the same limit. gRPC's threads call the handler;
// answers that other threads give are sent by a thread of ours, woken once a batch.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "model/metrics.h"
#include "server/address.h"
#include "server/handler.h"
#include "server/ledger.h"

namespace strata::server {

struct GrpcOptions {
  std::size_t message_bytes_max = 4_MiB;           // as sent, and decompressed
  std::size_t metadata_bytes_max = 64_KiB;         // of one call
  std::uint64_t memory_bytes_max = 256_MiB;        // gRPC's own buffers, over all connections
  int threads_max = 16;                            // gRPC's own
  int calls_per_connection_max = 128;              // at once
  std::chrono::milliseconds message_time{60'000};  // from a call's start to its whole message
  std::chrono::milliseconds ping_time{60'000};     // of a connection without traffic
  std::chrono::milliseconds ping_timeout{20'000};  // then it is closed
};

class GrpcServer {
 public:
  // All outlive the server. `name` labels the metrics.
  GrpcServer(const GrpcOptions& options, const std::string& name, Handler& handler, Ledger& ledger,
             model::Registry& registry);
  // Stops without grace when Stop was not called.
  ~GrpcServer();

  // Opens the port and serves at once. Returns the address with the port in use. Requires: not
  // started before.
  Result<Address> Start(const Address& address);

  // As HttpServer::Stop. Requires: Start has succeeded.
  void Stop(std::chrono::milliseconds grace);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata::server
