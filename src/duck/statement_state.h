// What a running statement may see and has used; lives in its connection's client state, never in
// SQL text. Internal to module duck.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/check.h"
#include "duck/snapshot.h"
#include "duckdb/main/client_context.hpp"
#include "duckdb/main/client_context_state.hpp"
#include "os/file_system.h"

namespace strata::duck {

class PartCache;

struct StatementState : duckdb::ClientContextState {
  static constexpr const char* kName = "strata";

  std::shared_ptr<const Snapshot> snapshot;  // empty while an instance is set up
  os::FileSystem* files = nullptr;
  PartCache* cache = nullptr;
  // Filters are handed to the scan; off in the test that compares both ways.
  bool filters_pushed = true;
  // The plan went through the fence (duck/fence.h); an answer is given out only then.
  std::atomic<bool> checked{false};
  std::atomic<std::uint64_t> bytes_read{0};
  std::atomic<bool> read_hot{false};
  std::atomic<bool> read_parts{false};
  // A damaged part was met: told as kCorrupt, whatever DuckDB makes of the message.
  std::atomic<bool> part_damaged{false};

  static StatementState& Of(duckdb::ClientContext& context) {
    const auto state = context.registered_state->GetOrCreate<StatementState>(kName);
    return *state;  // the client state keeps it alive
  }
};

}  // namespace strata::duck
