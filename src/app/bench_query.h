// strata bench query: the statements of the table, timed in the engine and at the client.
#pragma once

#include <cstddef>
#include <string>

#include "app/bench_report.h"
#include "base/result.h"

namespace strata::app {

struct BenchQueryOptions {
  std::string url = "http://127.0.0.1:8090";
  std::size_t runs = 21;
};

// Needs logs to be stored; the trace id is one of theirs.
Result<BenchReport> BenchQuery(const BenchQueryOptions& options);

}  // namespace strata::app
