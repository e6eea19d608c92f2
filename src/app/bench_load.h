// The load generator: many connections with a request in flight on each, driven by one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "app/bench_body.h"
#include "app/bench_connection.h"
#include "app/bench_latency.h"
#include "base/result.h"
#include "wire/decompress.h"

namespace strata::app {

struct LoadOptions {
  std::size_t connections = 1;
  std::chrono::nanoseconds duration = std::chrono::seconds(10);
  std::uint64_t requests = 0;  // 0: as many as fit into the duration
  wire::ContentCoding compression = wire::ContentCoding::kIdentity;  // done before the clock starts
};

struct LoadOutcome {
  double seconds = 0;                    // from the first request to the last answer
  std::uint64_t answered = 0;            // with success
  std::uint64_t answered_bytes = 0;      // before compression
  std::map<int, std::uint64_t> refused;  // by HTTP status or gRPC code
  Latencies latencies;                   // of the successes
};

using ConnectFunction = std::function<Result<std::unique_ptr<BenchConnection>>()>;

// Errors: no connection, or a connection broke; what was measured until then is lost.
Result<LoadOutcome> RunLoad(const LoadOptions& options, BodyPool& bodies,
                            const ConnectFunction& connect);

}  // namespace strata::app
