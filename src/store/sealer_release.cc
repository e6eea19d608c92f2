// The sealer's other half: what it lets go of.
#include <algorithm>
#include <limits>
#include <utility>

#include "base/fault_point.h"
#include "base/log.h"
#include "base/seeded_bug.h"
#include "store/sealer.h"

namespace strata::store {
namespace {

// Frames that nobody needs are read along up to this distance between two that are needed: cheaper
// than finding the place again.
constexpr Position kReadAlong = 64;

// Hands over the frames of `positions` (ascending).
Status ReadFrames(LogSource& log, const std::vector<Position>& positions,
                  const wal::FrameVisitor& visit) {
  std::size_t visited = 0;
  for (std::size_t begin = 0; begin < positions.size();) {
    std::size_t end = begin + 1;
    while (end < positions.size() && positions[end] - positions[end - 1] <= kReadAlong) ++end;
    const auto wanted = std::span(positions).subspan(begin, end - begin);
    const auto keep = [&](const wal::FrameView& frame) -> Status {
      if (!std::ranges::binary_search(wanted, frame.position)) return Done{};
      ++visited;
      return visit(frame);
    };
    RETURN_IF_ERROR(log.Read(wanted.front(), wanted.back(), keep));
    begin = end;
  }
  if (visited == positions.size()) return Done{};
  return Error{Code::kCorrupt, "frames that a carry file needs do not read back"};
}

// Whether the log still has a segment that ends at or below the position. A consumer may have
// pinned it when it was to be released; and a full log takes no frame that would move the position.
bool HoldsSegment(const LogSource& log, Position position) {
  return std::ranges::any_of(log.Segments(), [position](const wal::SegmentInfo& segment) {
    return segment.state == wal::SegmentState::kClosed && segment.last <= position;
  });
}

}  // namespace

SealPressure Sealer::Pressure() {
  SealPressure pressure{.carried_through = carry_.through()};
  const std::uint64_t memory = hot_.config().memory_bytes;
  if (hot_.bytes() > memory) pressure.memory_excess_bytes = hot_.bytes() - memory / 10 * 9;

  std::uint64_t waiting = 0;
  Position last = 0;
  for (const wal::SegmentInfo& segment : log_.Segments()) {
    if (segment.state != wal::SegmentState::kClosed || segment.last <= released()) continue;
    ++waiting;
    last = std::max(last, segment.last);
  }
  const wal::LogStats stats = log_.stats();
  const Position published = log_.published();
  last = std::min(last, published);  // what is not published is not in memory yet
  if (stats.full) {
    pressure.log_needs = published;
  } else if (waiting > at_.config().carry.segments_max ||
             (waiting > 0 && stats.log_bytes > stats.max_bytes / 2)) {
    pressure.log_needs = last;
  }
  return pressure;
}

Status Sealer::CarryResidues(Position through) {
  if (through <= carry_.through()) return Done{};
  std::vector<Position> positions;
  for (const hot::CollectionState& state : hot_.States()) {
    if (state.first_unsealed == 0) continue;
    const Position after = std::max(state.sealed, carry_.through());
    for (const model::BlockSlice& slice : hot_.Slices(state.id, after, through)) {
      for (std::uint32_t i = slice.first_run; i < slice.last_run; ++i) {
        positions.push_back(slice.block->runs()[i].position);
      }
    }
  }
  if (positions.empty()) return Done{};
  std::ranges::sort(positions);
  // A request that began in one block and ended in the next has a run in both.
  const auto repeated = std::ranges::unique(positions);
  positions.erase(repeated.begin(), repeated.end());

  Status carried = carry_.Replace(
      SealedOf(),
      [&](const wal::FrameVisitor& visit) { return ReadFrames(log_, positions, visit); }, through);
  if (!carried) {
    if (carried.error().code != Code::kCorrupt) return carried;
    LogWarn("carry file cannot be written, sealing instead", carried.error());
    return SealHolders(through);
  }
  FaultPoint<"store.carry.replaced">();
  carried_through_.store(carry_.through(), std::memory_order_relaxed);
  carry_bytes_.store(carry_.bytes(), std::memory_order_relaxed);
  at_.metrics.carry_writes.Add();
  at_.metrics.carry_bytes.Add(carry_.bytes());
  return Done{};
}

Status Sealer::SealHolders(Position through) {
  for (const hot::CollectionState& state : hot_.States()) {
    if (state.first_unsealed == 0 || state.first_unsealed > through) continue;
    RETURN_IF_ERROR(Seal({state, SealReason::kLog}));
  }
  return Done{};
}

Position Sealer::FirstHolder(Position after, Position published) {
  Position first = published + 1;
  for (const hot::CollectionState& state : hot_.States()) {
    if (state.first_unsealed == 0) continue;
    if (state.first_unsealed > after) {
      first = std::min(first, state.first_unsealed);
      continue;
    }
    constexpr Position kEnd = std::numeric_limits<Position>::max();
    for (const auto& slice : hot_.Slices(state.id, std::max(state.sealed, after), kEnd)) {
      first = std::min(first, slice.first_position());
    }
  }
  return first;
}

Status Sealer::Release() {
  // First the published position: whatever it covers is in memory and in the table of collections
  // before it is looked for there.
  const Position published = log_.published();
  RETURN_IF_ERROR(at_.manifests.TakeOverCollections(go_on_));
  // A damaged carry file holds nothing that can be relied on.
  const Position carried = carry_.damaged() ? 0 : carry_.through();
  const Position position =
      SeededBug(Bug::kReleaseBeforeDurable) ? published : FirstHolder(carried, published) - 1;
  if (position > released() || HoldsSegment(log_, position)) {
    FaultPoint<"store.release.decided">();
    RETURN_IF_ERROR(log_.Release(position));
    FaultPoint<"store.release.done">();
    released_.store(position, std::memory_order_relaxed);
  }
  carry_.DropIfSealed(SealedOf());
  carry_bytes_.store(carry_.bytes(), std::memory_order_relaxed);
  return Done{};
}

}  // namespace strata::store
