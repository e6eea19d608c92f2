// Receipts: which tiers hold a position now (GET /api/v1/receipts/<position>).
//
// Threads: any; Find() blocks while parts are read.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "duck/engine.h"
#include "query/part_faults.h"
#include "query/snapshot_taker.h"

namespace strata::query {

class Receipts {
 public:
  // `in_log`: the position can be read from the log.
  Receipts(const SnapshotTaker& snapshots, duck::Engine& engine, const Clock& clock,
           std::function<bool(duck::Position)> in_log, ReportPart report_part);

  // The answer's JSON: {"position", "collection", "records", "log", "hot", "parts", "sinks"}.
  // kNotFound: the namespace has no record of that position, or a damaged part held it; the text
  // says which.
  Result<std::string> Find(std::string_view namespace_name, duck::Position position) const;

 private:
  // Both: nullopt when a part did not read back and is worth another look without it.
  std::optional<Result<std::string>> Look(std::string_view namespace_name, duck::Position position,
                                          PartFaults& faults) const;
  Result<std::optional<std::uint64_t>> CountInParts(model::Kind kind,
                                                    const duck::CollectionSlice& collection,
                                                    duck::Position position,
                                                    PartFaults& faults) const;

  const SnapshotTaker& snapshots_;
  duck::Engine& engine_;
  const Clock& clock_;
  const std::function<bool(duck::Position)> in_log_;
  const ReportPart report_part_;
};

}  // namespace strata::query
