#include "model/recovery.h"

#include <algorithm>
#include <span>
#include <vector>

namespace strata::protocol {
namespace {

// Frames of one segment, in the order of the file; a frame that is gone has no request.
struct Segment {
  std::uint8_t number = 0;
  std::vector<Slot> frames;

  // The first position that stands in it, 0: none.
  Position First() const {
    const auto found = std::ranges::find_if(frames, [](const Slot& s) { return s.request != 0; });
    return found == frames.end() ? Position{0} : found->position;
  }
};

std::vector<Segment> Segments(const State& state) {
  std::vector<Segment> segments;
  for (const Slot& slot : std::span(state.slots).first(state.slot_count)) {
    if (segments.empty() || segments.back().number != slot.segment) {
      segments.push_back({.number = slot.segment, .frames = {}});
    }
    segments.back().frames.push_back(slot);
  }
  return segments;
}

// What is behind the first frame of a later segment is left of a write that failed.
Position Bound(const std::vector<Segment>& segments, std::size_t index) {
  for (std::size_t later = index + 1; later < segments.size(); ++later) {
    if (const Position first = segments[later].First(); first != 0) return first - 1;
  }
  return kPositionsMax;
}

std::vector<Slot> Accepted(const State& state, const Guards& guards) {
  const std::vector<Segment> segments = Segments(state);
  std::vector<Slot> accepted;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Position bound =
        guards.Has(Guard::kResidueIsClosedOut) ? Bound(segments, i) : kPositionsMax;
    for (const Slot& slot : segments[i].frames) {
      const bool gone = slot.request == 0;
      if (gone && guards.Has(Guard::kRecoveryCutsAtAHole)) break;
      if (gone || slot.position <= state.released) continue;
      if (slot.position > bound) break;
      accepted.push_back(slot);
      accepted.back().fate = Fate::kDurable;
    }
  }
  return accepted;
}

// Opens what is on the disk of `state`, of which all that was unsynced has been decided.
State Recover(const State& state, const Guards& guards) {
  State fresh;
  fresh.sends = state.sends;
  fresh.acked = state.acked;
  fresh.seen = state.seen;
  fresh.two_receipts = state.two_receipts;
  fresh.crashes = state.crashes;
  fresh.failures = state.failures;
  fresh.manifest = fresh.listed = state.manifest;
  fresh.released = state.released;
  fresh.dedup_file = fresh.dedup = state.dedup_file;
  fresh.dedup_cursor = state.dedup_cursor;
  fresh.active = state.active + 1;
  for (Position position = 1; position <= state.manifest; ++position) {
    fresh.part[position] = state.part[position];
  }
  if (guards.Has(Guard::kReleasedPositionsCount)) {
    fresh.last = std::max(state.released, state.dedup_cursor);
  }
  for (const Slot& slot : Accepted(state, guards)) {
    fresh.slots[fresh.slot_count++] = slot;
    fresh.last = std::max(fresh.last, slot.position);
    if (slot.position > state.manifest) fresh.hot[slot.position] = slot.request;
    if (guards.Has(Guard::kReplayEntersDedup)) fresh.dedup[slot.request] = slot.position;
  }
  fresh.group_begin = fresh.slot_count;
  fresh.published = fresh.last;
  return fresh;
}

// The slots whose write may have reached the disk or not.
std::vector<std::uint8_t> Uncertain(const State& state) {
  std::vector<std::uint8_t> slots;
  for (std::uint8_t i = 0; i < state.slot_count; ++i) {
    const Fate fate = state.slots[i].fate;
    if (fate == Fate::kWritten || fate == Fate::kResidue) slots.push_back(i);
  }
  return slots;
}

}  // namespace

void ForEachCrash(const State& state, const Config& config, const Visit& visit) {
  if (state.crashes == config.limits.crashes) return;
  State disk = state;
  ++disk.crashes;
  for (std::uint8_t i = 0; i < disk.slot_count; ++i) {
    if (disk.slots[i].fate == Fate::kPlanned) disk.slots[i].request = 0;
  }
  const std::vector<std::uint8_t> uncertain = Uncertain(state);
  const bool record_uncertain = state.seal == Seal::kListed;
  const bool part_uncertain = state.part_synced == 0;
  const std::uint32_t choices = static_cast<std::uint32_t>(uncertain.size()) +
                                (record_uncertain ? 1 : 0) + (part_uncertain ? 1 : 0);
  for (std::uint32_t kept = 0; kept < 1U << choices; ++kept) {
    State found = disk;
    std::uint32_t choice = 0;
    for (const std::uint8_t slot : uncertain) {
      if ((kept >> choice++ & 1U) == 0) found.slots[slot].request = 0;
    }
    if (record_uncertain && (kept >> choice++ & 1U) != 0) found.manifest = state.seal_end;
    if (part_uncertain && (kept >> choice & 1U) == 0) {
      for (Position p = state.listed + 1; p <= state.seal_end; ++p) found.part[p] = 0;
    }
    visit(Recover(found, config.guards),
          {.what = "power loss and start, of the unsynced writes number",
           .of = static_cast<std::uint8_t>(kept)});
  }
}

}  // namespace strata::protocol
