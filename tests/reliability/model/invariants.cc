#include "model/invariants.h"

#include <algorithm>
#include <span>

namespace strata::protocol {
namespace {

// What a start finds at `position`, whatever the disk loses now.
Request Durable(const State& state, Position position) {
  if (position <= state.manifest) {
    const bool synced = state.part_synced != 0 || position <= state.listed;
    return synced ? state.part[position] : Request{0};
  }
  for (const Slot& slot : std::span(state.slots).first(state.slot_count)) {
    if (slot.position == position && slot.fate == Fate::kDurable) return slot.request;
  }
  return 0;
}

const char* BrokenByAnAck(const State& state) {
  for (Request request = 1; request <= kRequestsMax; ++request) {
    const Position position = state.acked[request];
    if (position == 0) continue;
    if (Durable(state, position) != request) return "1: acknowledged and not durable";
    if (position > state.published || state.Visible(position) != request) {
      return "2: acknowledged and not visible";
    }
  }
  return nullptr;
}

const char* BrokenByOrder(const State& state) {
  for (Position position = 1; position <= state.published; ++position) {
    const Request request = state.Visible(position);
    if (request == 0) return "3: a gap in what readers see";
    if (state.seen[position] != 0 && state.seen[position] != request) {
      return "3: a position that readers saw belongs to another request now";
    }
  }
  if (std::max(state.dedup_cursor, state.released) > state.published) {
    return "3: a cursor is beyond what is published";
  }
  return nullptr;
}

const char* BrokenByRelease(const State& state) {
  for (Position position = 1; position <= state.released; ++position) {
    if (position > state.manifest || Durable(state, position) == 0) {
      return "4: released, and its rows are in no durable part";
    }
  }
  return nullptr;
}

const char* BrokenByRepetition(const State& state) {
  if (state.two_receipts != 0) return "5: a repetition got another receipt";
  for (Position one = 1; one <= state.published; ++one) {
    for (Position other = 1; other < one; ++other) {
      if (state.Visible(one) == state.Visible(other)) return "5: a request is stored twice";
    }
  }
  return nullptr;
}

}  // namespace

const char* BrokenInvariant(const State& state) {
  for (const auto check : {BrokenByAnAck, BrokenByOrder, BrokenByRelease, BrokenByRepetition}) {
    if (const char* broken = check(state)) return broken;
  }
  return nullptr;
}

}  // namespace strata::protocol
