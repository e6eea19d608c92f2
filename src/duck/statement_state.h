// What a running statement may see and has used; lives in its connection's client state, never in
// SQL text. Internal to module duck.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

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

  // A damaged part was met: told as kCorrupt, whatever DuckDB makes of the message. Any thread.
  void NoteDamaged(const std::string& path) {
    const std::lock_guard lock(notes_mutex_);
    damaged_.insert(path);
  }
  std::vector<std::string> damaged_parts() const {
    const std::lock_guard lock(notes_mutex_);
    return {damaged_.begin(), damaged_.end()};
  }

  // A read of a part failed; whether its bytes are good nobody knows. Any thread.
  void NoteUnreadable(const std::string& path) {
    const std::lock_guard lock(notes_mutex_);
    unreadable_.insert(path);
  }
  std::vector<std::string> unreadable_parts() const {
    const std::lock_guard lock(notes_mutex_);
    return {unreadable_.begin(), unreadable_.end()};
  }

  // A scan would have read these rows of the snapshot, were they not missing. Any thread.
  void NoteMissing(const MissingRows& rows) {
    const std::lock_guard lock(notes_mutex_);
    missing_.insert(&rows);
  }
  // nullopt: a scan missed none.
  std::optional<std::uint64_t> missing_rows() const {
    const std::lock_guard lock(notes_mutex_);
    if (missing_.empty()) return std::nullopt;
    std::uint64_t rows = 0;
    for (const MissingRows* one : missing_) rows += one->rows;
    return rows;
  }

  // The part of the snapshot with this path; nullptr: there is none. Any thread.
  const PartRef* FindPart(const std::string& path) {
    const std::lock_guard lock(parts_mutex_);
    if (!parts_indexed_ && snapshot != nullptr) {
      for (const auto& [kind, slices] : snapshot->kinds) {
        for (const auto& slice : slices) {
          for (const auto& part : slice.parts) parts_.emplace(part.path, &part);
        }
      }
      parts_indexed_ = true;
    }
    const auto found = parts_.find(path);
    return found == parts_.end() ? nullptr : found->second;
  }

  static StatementState& Of(duckdb::ClientContext& context) {
    const auto state = context.registered_state->GetOrCreate<StatementState>(kName);
    return *state;  // the client state keeps it alive
  }

 private:
  std::mutex parts_mutex_;
  bool parts_indexed_ = false;
  std::unordered_map<std::string, const PartRef*> parts_;

  mutable std::mutex notes_mutex_;
  std::set<std::string> damaged_;
  std::set<std::string> unreadable_;
  std::set<const MissingRows*> missing_;
};

}  // namespace strata::duck
