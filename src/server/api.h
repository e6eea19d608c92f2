// The API's routes that are strata's own: SQL, receipts, health, metrics, debug, the API document.
// What they ask stands behind small functions, which the app wires.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/metrics.h"
#include "query/target.h"
#include "server/handler.h"
#include "server/router.h"

namespace strata::server {

// One condition of readiness. `check` is called at each probe, on a connection thread: quick,
// thread-safe. An error's message says what is missing.
struct ReadyCheck {
  std::string name;  // log, replay, disk
  std::function<Status()> check;
};

struct ApiSources {
  query::SqlTarget& sql;
  // JSON; kNotFound: the namespace has no such position. May block: called on the control thread.
  std::function<Result<std::string>(std::string_view namespace_name, std::uint64_t position)>
      find_receipt;
  // JSON. May block: called on the control thread.
  std::function<std::string()> debug_store;
  std::vector<ReadyCheck> ready;
};

struct ApiOptions {
  int sql_threads = 4;               // statements that run at once
  std::size_t sql_waiting_max = 64;  // beyond it: 503
  std::string backend = "embedded";  // said by /readyz
};

class Api {
 public:
  // What `sources` refers to and `registry` (whose metrics it serves) outlive the Api. The Api
  // outlives the listeners: its destructor waits for statements that run, and those end when the
  // listeners have cancelled them.
  Api(ApiSources sources, const ApiOptions& options, model::Registry& registry);
  ~Api();

  // POST /api/v1/sql, GET /api/v1/receipts/<position>, /api/v1/openapi.json, /debug/store, /livez,
  // /readyz, /metrics.
  void AddTo(Router& router);

  // grpc.health.v1.Health/Check, for a router that gRPC calls.
  void AddGrpcHealthTo(Router& router);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The document behind /api/v1/openapi.json.
std::string_view OpenApiDocument();

}  // namespace strata::server
