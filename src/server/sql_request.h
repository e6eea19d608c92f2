// POST /api/v1/sql, from its bytes to a statement.
#pragma once

#include <string>
#include <variant>

#include "query/target.h"
#include "server/handler.h"

namespace strata::server {

// A request that the route refuses by itself.
struct SqlRefusal {
  int http_status;
  std::string message;
  std::string hint;
};

// The statement is the body as text/plain (also without a type, and with the one that curl -d
// sends), or {"sql": "…", "params": […]} as application/json. `format` is json, ndjson, csv or
// parquet.
std::variant<query::SqlRequest, SqlRefusal> ReadSqlRequest(const Request& request);

}  // namespace strata::server
