// Instance: one in-memory DuckDB, fenced in, with the views. Internal to module duck.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "duckdb/main/connection.hpp"
#include "duckdb/main/database.hpp"

namespace strata::duck {

struct InstanceConfig {
  std::uint64_t memory_bytes = 0;
  std::uint32_t threads = 1;
  bool filters_pushed = true;  // see StatementState
};

class Instance {
 public:
  static Result<std::unique_ptr<Instance>> Open(const InstanceConfig& config);

  std::uint64_t memory_bytes() const { return memory_bytes_; }  // its limit

  // A connection for one statement; nothing of it outlives it.
  std::unique_ptr<duckdb::Connection> Connect() {
    return std::make_unique<duckdb::Connection>(*database_);
  }

 private:
  explicit Instance(std::uint64_t memory_bytes) : memory_bytes_(memory_bytes) {}
  void SetUp(const InstanceConfig& config);  // throws
  const std::uint64_t memory_bytes_;
  std::unique_ptr<duckdb::DuckDB> database_;
};

}  // namespace strata::duck
