// StatementRun: one statement on one instance. Internal to module duck.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <variant>

#include "duck/engine.h"
#include "duckdb/common/error_data.hpp"
#include "duckdb/main/connection.hpp"
#include "os/file_system.h"

namespace strata::duck {

class PartCache;

class StatementRun {
 public:
  struct Input {
    const Statement& statement;
    std::shared_ptr<const Snapshot> snapshot;
    os::FileSystem& files;
    PartCache& cache;
    std::uint64_t answer_bytes_max = 0;
    bool filters_pushed = true;
  };
  explicit StatementRun(Input input) : input_(std::move(input)) {}

  std::variant<Answer, SqlError> Execute(duckdb::Connection& connection);
  // The deadline has passed or the client has gone. Any thread.
  void MarkInterrupted() { interrupted_.store(true, std::memory_order_relaxed); }
  // DuckDB met a bug of its own: the instance must not be used again.
  bool instance_is_broken() const { return broken_; }

 private:
  Answer ExecuteOrThrow(duckdb::Connection& connection);
  SqlError Explain(const duckdb::ErrorData& error);
  duckdb::vector<duckdb::Value> Parameters() const;

  Input input_;
  std::atomic<bool> interrupted_{false};
  bool broken_ = false;
};

}  // namespace strata::duck
