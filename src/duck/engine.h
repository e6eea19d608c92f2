// Engine: runs one SQL statement over one Snapshot, fenced in.
//
// A statement runs in an in-memory DuckDB instance of its own, taken from a pool. It can read the
// views logs, spans and metrics of its snapshot and nothing else: no files, settings, secrets,
// environment, and no statement but SELECT, WITH, VALUES, DESCRIBE, SHOW, SUMMARIZE and EXPLAIN.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "duck/snapshot.h"
#include "os/file_system.h"

namespace strata::duck {

struct EngineConfig {
  std::uint64_t memory_bytes = 2ULL << 30;  // query.memory: for all running statements together
  std::uint32_t concurrency = 4;            // statements at once; more get kExhausted
  std::uint32_t threads = 2;                // that one statement may use
  std::uint64_t cache_bytes = 64ULL << 20;  // footers and trace filters of parts
  std::uint64_t answer_bytes_max = 256ULL << 20;
};

enum class Format : std::uint8_t { kJson, kNdjson, kCsv, kParquet };

// A value for ? or $1 in the statement.
using Parameter = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

struct Statement {
  std::string sql;
  std::vector<Parameter> parameters;
  Format format = Format::kJson;
  std::uint64_t max_rows = 1'000'000;
  MonotonicTime deadline = MonotonicTime::max();
  std::stop_token stop;  // the client has gone: the statement is interrupted
};

struct Answer {
  std::string content_type;
  // The whole answer in the format asked for. JSON has the shape of contract.md, "SQL", stats
  // included.
  std::string body;
  std::uint64_t rows = 0;
  // False: cut at max_rows or answer_bytes_max, or rows are missing.
  bool complete = true;
  // Of the snapshot's missing rows, how many a scan would have read; nullopt: none.
  std::optional<std::uint64_t> missing_rows;
  std::uint64_t bytes_read = 0;  // from parts
  std::chrono::nanoseconds elapsed{};
};

// kInvalidInput (syntax, binding, conversion, more than one statement), kForbidden, kTooLarge
// (memory), kTimeout (deadline or stop), kExhausted (all instances busy until the deadline's half
// or one second passed), kCorrupt (a part's bytes are damaged), kUnavailable (an internal error:
// the instance was replaced; a part cannot be read). `hint` says what to do; may be empty.
struct SqlError {
  Code code = Code::kInvalidInput;
  std::string message;
  std::string hint;
  std::vector<std::string> damaged_parts = {};     // paths, with kCorrupt
  std::vector<std::string> unreadable_parts = {};  // paths, with kUnavailable: the disk refused
};

struct EngineStats {
  std::uint32_t running = 0;
  std::uint64_t statements = 0;
  std::uint64_t failed = 0;
  std::uint64_t instances_replaced = 0;
  std::uint64_t cache_bytes = 0;
};

class Engine {
 public:
  // Opens `concurrency` instances (about 10 ms each). `files` outlives the engine.
  static Result<std::unique_ptr<Engine>> Open(const EngineConfig& config, os::FileSystem& files);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // query.memory for statements that begin from here on. Any thread.
  void SetMemory(std::uint64_t memory_bytes);

  // Blocks until the statement has ended. Any thread.
  std::variant<Answer, SqlError> Run(const Statement& statement,
                                     std::shared_ptr<const Snapshot> snapshot);

  EngineStats stats() const;

 private:
  class Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace strata::duck
