// How a client of `strata chaos` reaches its server: OTLP over gRPC, HTTP with protobuf, HTTP with
// JSON. One connection each, one request at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/chaos_request.h"
#include "base/result.h"

namespace strata::app {

enum class ChaosTransport : std::uint8_t { kGrpc, kHttpProtobuf, kHttpJson };

struct ChaosAnswer {
  enum class Verdict : std::uint8_t { kStored, kBusy, kRefused };
  Verdict verdict = Verdict::kRefused;
  std::uint64_t receipt = 0;
  bool duplicate = false;
  bool rejected = false;  // some records, said by partial_success
  std::string text = {};  // for a person
};

class ChaosSender {
 public:
  virtual ~ChaosSender() = default;
  // An error: the connection broke, and nobody knows what became of the request.
  virtual Result<ChaosAnswer> Send(const ChaosRequestId& id, const ChaosRequest& request) = 0;
};

struct ChaosRoute {
  ChaosTransport transport{};
  std::string otlp_grpc;  // addresses
  std::string otlp_http;
  std::string name_space;
  bool keys = false;  // HTTP: each request has an Idempotency-Key
};

Result<std::unique_ptr<ChaosSender>> MakeChaosSender(const ChaosRoute& route);

}  // namespace strata::app
