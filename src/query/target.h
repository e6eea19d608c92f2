// The door of the query engine, as the SQL route sees it.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/callback.h"
#include "base/result.h"

namespace strata::query {

enum class SqlFormat : std::uint8_t { kJson, kNdjson, kCsv, kParquet };

struct SqlRequest {
  std::string namespace_name;
  std::string sql;
  std::string params_json;  // a JSON array as text; empty: the statement has no parameters
  SqlFormat format = SqlFormat::kJson;
};

// What the client is told when a statement fails: `hint` says what to do about it, may be empty.
struct SqlError {
  // kInvalidInput 400 (syntax, binding, not a single read-only statement), kForbidden 403,
  // kTooLarge 413 (memory), kTimeout 504, kExhausted and kUnavailable 503; anything else 500.
  Code code = Code::kInvalidInput;
  std::string message;
  std::string hint;
};

struct SqlAnswer {
  std::optional<SqlError> error;  // set: the fields below are not used
  std::string content_type;
  std::string body;
  // For example {"strata-complete", "false"}; lower-case names.
  std::vector<std::pair<std::string, std::string>> headers;
};

class SqlTarget {
 public:
  virtual ~SqlTarget() = default;
  // Runs one statement and calls `done` exactly once, from any thread. Called on a thread of the
  // route's pool, never on a connection thread, so it may block until the statement has ended.
  // `cancelled` is requested when the client has gone, when the server stops, or when the route's
  // deadline is over: the statement is then interrupted and answered with kTimeout.
  virtual void Run(SqlRequest&& request, Callback<void(SqlAnswer&&)> done,
                   std::stop_token cancelled) = 0;
};

}  // namespace strata::query
