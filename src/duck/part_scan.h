// PartScan: fills chunks from parts, filters applied; PartQueue: which row groups of which parts
// are left to read. Internal to module duck.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "duck/scan_plan.h"
#include "duck/snapshot.h"
#include "duckdb/common/types/data_chunk.hpp"
#include "duckdb/main/client_context.hpp"

namespace strata::duck {

// A part that is open for one scan; its reader is shared by the scan's threads (duck/open_part.h).
class OpenPart;

// One row group.
struct PartUnit {
  std::shared_ptr<OpenPart> part;
  duckdb::idx_t group = 0;
};

// The parts of one scan. Parts that cannot hold a row that passes are left out before they are
// opened, row groups before they are read. Thread-safe but for Add().
class PartQueue {
 public:
  PartQueue(duckdb::ClientContext& context, const ScanPlan& plan);
  ~PartQueue();
  // `collection` and `part` live as long as the queue.
  void Add(const std::string& collection, const PartRef& part);
  // Rows that a part would have; told to the statement unless none of them can pass.
  void AddMissing(const MissingRows& rows);
  // The next row group; false: none is left. Throws what DuckDB throws.
  bool Take(PartUnit& unit);
  duckdb::idx_t EstimatedGroups() const { return groups_; }

 private:
  // What is known of rows without reading them; min_time > max_time: none has a time.
  struct Extent {
    Position min_position;
    Position max_position;
    std::int64_t min_time;
    std::int64_t max_time;
  };
  bool Excluded(const Extent& rows) const;

  duckdb::ClientContext& context_;
  const ScanPlan& plan_;
  struct Waiting {
    const std::string* collection;
    const PartRef* part;
  };
  std::mutex mutex_;
  std::deque<Waiting> waiting_;
  std::shared_ptr<OpenPart> open_;
  std::size_t next_group_ = 0;
  duckdb::idx_t groups_ = 0;
};

// One thread.
class PartScan {
 public:
  PartScan(duckdb::ClientContext& context, const ScanPlan& plan);
  ~PartScan();
  void Start(PartUnit unit);
  // Fills `out` with the next rows that pass; false: the unit has none left.
  bool Next(duckdb::DataChunk& out);

 private:
  struct Reading;
  duckdb::ClientContext& context_;
  const ScanPlan& plan_;
  std::vector<FilterEvaluator> evaluators_;  // of plan_.filters
  std::unique_ptr<Reading> reading_;
};

}  // namespace strata::duck
