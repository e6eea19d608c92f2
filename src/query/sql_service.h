// SqlService: one SQL statement of one namespace, from text to answer.
//
// Threads: Run() blocks its caller, several at once.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <variant>

#include "base/live.h"
#include "duck/engine.h"
#include "model/metrics.h"
#include "query/part_faults.h"
#include "query/snapshot_taker.h"
#include "query/target.h"

namespace strata::query {

struct SqlConfig {
  std::chrono::nanoseconds timeout = std::chrono::seconds(30);
  std::uint64_t max_rows = 1'000'000;
};

class SqlService final : public SqlTarget {
 public:
  SqlService(const SqlConfig& config, duck::Engine& engine, const SnapshotTaker& snapshots,
             ReportPart report_part, const Clock& clock, model::Registry& registry);

  // For statements that begin from here on. Any thread.
  void Configure(const SqlConfig& config) { config_.Set(config); }

  // Until then statements are answered with kUnavailable: rows are still being read back.
  void Accept() { accepting_.store(true, std::memory_order_release); }

  void Run(SqlRequest&& request, Callback<void(SqlAnswer&&)> done,
           std::stop_token cancelled) override;

 private:
  SqlAnswer Answer(const SqlRequest& request, const std::stop_token& cancelled);
  std::variant<duck::Answer, duck::SqlError> RunOnWhatReads(const duck::Statement& statement,
                                                            const std::string& namespace_name);

  Live<SqlConfig> config_;
  duck::Engine& engine_;
  const SnapshotTaker& snapshots_;
  const ReportPart report_part_;
  const Clock& clock_;
  std::atomic<bool> accepting_{false};
  model::Counter& statements_;
  model::Counter& failures_;
  model::Histogram& seconds_;
};

// The parameters of a statement: a JSON array of null, booleans, numbers and strings.
Result<std::vector<duck::Parameter>> ParseParameters(std::string_view json);

}  // namespace strata::query
