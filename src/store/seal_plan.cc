#include "store/seal_plan.h"

#include <algorithm>
#include <map>
#include <optional>

namespace strata::store {
namespace {

using hot::CollectionState;

std::optional<SealReason> DueByItself(const CollectionState& state, MonotonicTime now,
                                      const SealConfig& config) {
  if (state.unsealed_rows >= config.rows) return SealReason::kRows;
  if (state.unsealed_bytes >= config.bytes) return SealReason::kBytes;
  const Duration age = now - state.oldest_unsealed;
  Duration due = config.age;
  if (state.unsealed_rows < config.small_rows) due = std::max(due, config.small_part_interval);
  if (state.unsealed_rows < config.tiny_rows) due = std::max(due, config.tiny_part_interval);
  if (age >= due) return SealReason::kAge;
  return std::nullopt;
}

// The rest, by size, until `excess` bytes of memory become evictable.
void AddForMemory(std::vector<CollectionState>& rest, std::uint64_t excess,
                  std::vector<SealTask>& tasks) {
  std::uint64_t gained = 0;
  for (const SealTask& task : tasks) gained += task.state.unsealed_bytes;
  auto next = rest.begin();
  for (; next != rest.end() && gained < excess; ++next) {
    gained += next->unsealed_bytes;
    tasks.push_back({*next, SealReason::kMemory});
  }
  rest.erase(rest.begin(), next);
}

void AddForLog(const std::vector<CollectionState>& rest, const SealConfig& config,
               const CarryConfig& carry, const SealPressure& pressure,
               std::vector<SealTask>& tasks) {
  const auto holds = [&](const CollectionState& state) {
    return state.first_unsealed <= pressure.log_needs && state.last > pressure.carried_through;
  };
  std::uint64_t to_carry = 0;
  for (const CollectionState& state : rest) {
    if (holds(state)) to_carry += state.unsealed_bytes;
  }
  for (const CollectionState& state : rest) {
    if (!holds(state)) continue;
    if (state.unsealed_rows < config.small_rows && to_carry <= carry.bytes_max) continue;
    to_carry -= state.unsealed_bytes;
    tasks.push_back({state, SealReason::kLog});
  }
}

}  // namespace

std::string_view SealReasonName(SealReason reason) {
  switch (reason) {
    case SealReason::kRows:
      return "rows";
    case SealReason::kBytes:
      return "bytes";
    case SealReason::kAge:
      return "age";
    case SealReason::kMemory:
      return "memory";
    case SealReason::kLog:
      return "log";
    case SealReason::kStop:
      return "stop";
  }
  return "unknown";
}

std::vector<SealTask> PlanSeals(std::span<const CollectionState> states, MonotonicTime now,
                                const SealConfig& config, const CarryConfig& carry,
                                const SealPressure& pressure) {
  std::vector<SealTask> tasks;
  std::vector<CollectionState> rest;
  for (const CollectionState& state : states) {
    if (state.first_unsealed == 0) continue;
    if (const auto reason = DueByItself(state, now, config)) {
      tasks.push_back({state, *reason});
    } else {
      rest.push_back(state);
    }
  }
  std::ranges::sort(rest, std::ranges::greater(), &CollectionState::unsealed_bytes);
  if (pressure.memory_excess_bytes > 0) AddForMemory(rest, pressure.memory_excess_bytes, tasks);
  if (pressure.log_needs > 0) AddForLog(rest, config, carry, pressure, tasks);
  std::ranges::stable_sort(tasks, std::ranges::greater(),
                           [](const SealTask& task) { return task.state.unsealed_bytes; });
  return tasks;
}

Position PartEnd(std::span<const model::BlockSlice> slices, std::uint64_t rows_max) {
  // One request's rows may lie in several blocks.
  std::map<Position, std::uint64_t> rows_of;
  std::uint64_t total = 0;
  for (const model::BlockSlice& slice : slices) total += slice.RowCount();
  if (total <= rows_max) {
    Position last = 0;
    for (const model::BlockSlice& slice : slices) last = std::max(last, slice.last_position());
    return last;
  }
  for (const model::BlockSlice& slice : slices) {
    for (std::uint32_t i = slice.first_run; i < slice.last_run; ++i) {
      const model::Run& run = slice.block->runs()[i];
      rows_of[run.position] += run.end - run.begin;
    }
  }
  Position end = 0;
  std::uint64_t rows = 0;
  for (const auto& [position, count] : rows_of) {
    rows += count;
    if (end != 0 && rows > rows_max) break;
    end = position;
  }
  return end;
}

}  // namespace strata::store
