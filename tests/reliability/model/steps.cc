#include "model/steps.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "model/recovery.h"

namespace strata::protocol {
namespace {

// One state's steps; each makes its own copy.
class Steps {
 public:
  Steps(const State& state, const Config& config, const Visit& visit)
      : was_(state), limits_(config.limits), guards_(config.guards), visit_(visit) {}

  void Clients() {
    for (Request request = 1; request <= limits_.requests; ++request) {
      if (was_.sends[request] == limits_.sends || was_.acked[request] != 0) continue;
      if (was_.queue_size == kQueueMax) continue;
      State next = was_;
      ++next.sends[request];
      next.queue[next.queue_size++] = request;
      Emit(next, {.what = "send request", .of = request});
    }
  }

  void Committer() {
    switch (was_.commit) {
      case Commit::kForming:
        Admit();
        Write();
        break;
      case Commit::kWriting:
        EndWrite();
        FailWrite();
        if (!guards_.Has(Guard::kAckAfterWrite)) Settle();
        if (!guards_.Has(Guard::kPublishAfterWrite)) {
          State next = was_;
          EnterPublished(next);
          MovePublished(next);
          Emit(next, {.what = "publish before the write is done"});
        }
        break;
      case Commit::kWritten:
        Publish();
        if (!guards_.Has(Guard::kAckAfterPublish)) Settle();
        break;
      case Commit::kPublishing:
        MovePublishedStep();
        break;
      case Commit::kSettling:
        Settle();
        break;
      case Commit::kPoisoned:
        Rebuild();
        break;
    }
  }

  void Sealer() {
    switch (was_.seal) {
      case Seal::kIdle:
        WritePart();
        break;
      case Seal::kPartWritten:
        SealTo(guards_.Has(Guard::kPartBeforeManifest) ? Seal::kPartSynced : Seal::kListed);
        break;
      case Seal::kPartSynced:
        SealTo(Seal::kListed);
        if (!guards_.Has(Guard::kManifestBeforeEviction)) EvictThrough(was_.seal_end);
        break;
      case Seal::kListed:
        SealTo(Seal::kListedDurably);
        break;
      case Seal::kListedDurably:
        ShowManifest();
        break;
    }
    EvictThrough(was_.listed);
    SaveDedup();
    DecideRelease();
    Remove();
  }

 private:
  void Emit(State next, const Step& step) const {
    for (Position position = 1; position <= next.published; ++position) {
      if (next.seen[position] == 0) next.seen[position] = next.Visible(position);
    }
    visit_(next, step);
  }

  // The answer arrives, or it is lost on its way.
  void Answer(State next, Request request, Position position, const char* what) const {
    Emit(next, {.what = "an answer is lost, of request", .of = request, .at = position});
    if (next.acked[request] != 0 && next.acked[request] != position) next.two_receipts = 1;
    next.acked[request] = position;
    Emit(next, {.what = what, .of = request, .at = position});
  }

  std::span<const Slot> Group() const {
    return std::span(was_.slots).subspan(was_.group_begin, was_.slot_count - was_.group_begin);
  }

  void Admit() const {
    if (was_.queue_size == 0) return;
    const Request request = was_.queue[0];
    State next = was_;
    std::shift_left(next.queue.begin(), next.queue.end(), 1);
    next.queue[--next.queue_size] = 0;
    const bool twin =
        std::ranges::any_of(Group(), [&](const Slot& s) { return s.request == request; });
    if (twin && guards_.Has(Guard::kTwinsShareAFrame)) {
      return Emit(next, {.what = "a twin waits for request", .of = request});
    }
    if (const Position known = was_.dedup[request]; known != 0) {
      return Answer(next, request, known, "acknowledge a repetition of request");
    }
    const auto position = static_cast<Position>(was_.last + Group().size() + 1);
    if (Group().size() == kGroupFrames || position > kPositionsMax ||
        was_.slot_count == kSlotsMax) {
      return;
    }
    const auto in_active = std::ranges::count(std::span(was_.slots).first(was_.slot_count),
                                              was_.active, &Slot::segment);
    if (in_active == kSegmentFrames) {
      if (!Group().empty()) return;  // a group is one write to one segment
      ++next.active;
    }
    next.slots[next.slot_count++] = {
        .request = request, .position = position, .segment = next.active};
    Emit(next, {.what = "admit request", .of = request, .at = position});
  }

  void Write() const {
    if (Group().empty()) return;
    State next = was_;
    SetFates(next, Fate::kWritten);
    next.commit = Commit::kWriting;
    Emit(next, {.what = "write the group"});
  }

  void EndWrite() const {
    State next = was_;
    SetFates(next, Fate::kDurable);
    next.commit = was_.published >= was_.slots[was_.slot_count - 1].position ? Commit::kSettling
                                                                             : Commit::kWritten;
    Emit(next, {.what = "the write is durable"});
  }

  void FailWrite() const {
    if (was_.failures == limits_.failures) return;
    State next = was_;
    ++next.failures;
    SetFates(next, Fate::kResidue);
    next.group_begin = next.slot_count;
    next.settled = 0;
    next.commit = Commit::kPoisoned;
    Emit(next, {.what = "the write fails"});
  }

  // The segment is closed behind what was published: the rest of it is never read again.
  void Rebuild() const {
    State next = was_;
    if (guards_.Has(Guard::kResidueIsClosedOut)) {
      EraseSlots(next, [](const Slot& slot) { return slot.fate == Fate::kResidue; });
    }
    ++next.active;
    next.commit = Commit::kForming;
    Emit(next, {.what = "close the segment behind what was published"});
  }

  void Publish() const {
    State next = was_;
    EnterPublished(next);
    next.commit = Commit::kPublishing;
    Emit(next, {.what = "rows and dedup learn of the group"});
  }

  void MovePublishedStep() const {
    State next = was_;
    MovePublished(next);
    next.commit = Commit::kSettling;
    Emit(next, {.what = "the published position moves", .at = next.published});
  }

  void EnterPublished(State& next) const {
    for (const Slot& slot : Group()) {
      next.hot[slot.position] = slot.request;
      if (guards_.Has(Guard::kPublishEntersDedup)) next.dedup[slot.request] = slot.position;
    }
  }

  void MovePublished(State& next) const {
    next.last = next.published = was_.slots[was_.slot_count - 1].position;
  }

  void Settle() const {
    const Slot& slot = Group()[was_.settled];
    State next = was_;
    if (was_.commit == Commit::kSettling) {
      if (++next.settled == Group().size()) {
        next.settled = 0;
        next.group_begin = next.slot_count;
        next.commit = Commit::kForming;
      }
    }
    Answer(next, slot.request, slot.position, "acknowledge request");
  }

  void WritePart() const {
    if (was_.published == was_.listed) return;
    State next = was_;
    next.seal_end = was_.published;
    next.part_synced = 0;
    for (Position p = was_.listed + 1; p <= was_.published; ++p) next.part[p] = was_.hot[p];
    next.seal = Seal::kPartWritten;
    Emit(next, {.what = "write a part through", .at = next.seal_end});
  }

  void SealTo(Seal seal) const {
    static constexpr const char* kWhat[] = {"", "", "the part is durable", "the manifest lists it",
                                            "the manifest is durable"};
    State next = was_;
    next.seal = seal;
    if (seal == Seal::kPartSynced) next.part_synced = 1;
    if (seal == Seal::kListedDurably) next.manifest = was_.seal_end;
    Emit(next, {.what = kWhat[static_cast<std::size_t>(seal)], .at = was_.seal_end});
  }

  void ShowManifest() const {
    State next = was_;
    next.listed = was_.manifest;
    next.part_synced = 1;
    next.seal_end = 0;
    next.seal = Seal::kIdle;
    Emit(next, {.what = "readers see the manifest", .at = next.listed});
  }

  void EvictThrough(Position end) const {
    State next = was_;
    std::ranges::fill(std::span(next.hot).first(end + std::size_t{1}), Request{0});
    if (next == was_) return;
    Emit(next, {.what = "evict rows through", .at = end});
  }

  void SaveDedup() const {
    if (was_.dedup_file != was_.dedup || was_.dedup_covered != was_.published) {
      State next = was_;
      next.dedup_file = was_.dedup;
      next.dedup_covered = was_.published;
      Emit(next, {.what = "dedup's file is written, through", .at = was_.published});
    }
    const bool file_first = guards_.Has(Guard::kDedupFileBeforeCursor);
    const Position covered = file_first ? was_.dedup_covered : was_.published;
    if (covered <= was_.dedup_cursor) return;
    State next = was_;
    next.dedup_cursor = covered;
    Emit(next, {.what = "dedup's cursor moves to", .at = covered});
  }

  Position ReleaseLimit() const {
    Position limit = was_.published;
    if (guards_.Has(Guard::kReleaseWaitsForSeal)) limit = std::min(limit, was_.listed);
    if (guards_.Has(Guard::kReleaseWaitsForDedup)) limit = std::min(limit, was_.dedup_cursor);
    return limit;
  }

  // The oldest segment, never the one that is written.
  void DecideRelease() const {
    if (was_.releasing != 0 || was_.slot_count == 0) return;
    const std::uint8_t oldest = was_.slots[0].segment;
    if (oldest == was_.active) return;
    Position end = 0;
    for (const Slot& slot : std::span(was_.slots).first(was_.slot_count)) {
      if (slot.segment == oldest && slot.fate != Fate::kResidue) end = std::max(end, slot.position);
    }
    if (end == 0 || end > ReleaseLimit()) return;
    State next = was_;
    next.released = std::max(was_.released, end);
    next.releasing = oldest + 1;
    Emit(next, {.what = "release through", .at = end});
  }

  void Remove() const {
    if (was_.releasing == 0) return;
    State next = was_;
    const std::uint8_t segment = was_.releasing - 1;
    EraseSlots(next, [&](const Slot& slot) { return slot.segment == segment; });
    next.releasing = 0;
    Emit(next, {.what = "the segment's file is gone"});
  }

  void SetFates(State& next, Fate fate) const {
    for (std::uint8_t i = was_.group_begin; i < was_.slot_count; ++i) next.slots[i].fate = fate;
  }

  template <class Gone>
  void EraseSlots(State& next, Gone gone) const {
    std::uint8_t kept = 0;
    for (std::uint8_t i = 0; i < was_.slot_count; ++i) {
      if (!gone(was_.slots[i])) {
        next.slots[kept++] = was_.slots[i];
      } else if (i < was_.group_begin) {
        --next.group_begin;
      }
    }
    next.slot_count = kept;
    std::fill(next.slots.begin() + kept, next.slots.end(), Slot{});
  }

  const State& was_;
  const Limits& limits_;
  const Guards& guards_;
  const Visit& visit_;
};

}  // namespace

std::string_view NameOf(Guard guard) {
  static constexpr std::string_view kNames[kGuards] = {
      "an answer waits for the durable write",
      "an answer waits for the published position",
      "the published position waits for the durable write",
      "twins share a frame",
      "what is published is entered into dedup",
      "what is read back is entered into dedup",
      "a release waits for dedup's file",
      "dedup's file is written before its cursor",
      "a release waits for the seal",
      "a part is durable before it is listed",
      "rows are evicted after they are listed",
      "recovery cuts at a hole",
      "what a failed write left is closed out",
      "released positions count",
  };
  return kNames[static_cast<std::size_t>(guard)];
}

std::string Step::Text() const {
  std::string text = what;
  if (of != 0) text += " " + std::to_string(of);
  if (at != 0) text += " at " + std::to_string(at);
  return text;
}

void ForEachStep(const State& state, const Config& config, const Visit& visit) {
  Steps steps(state, config, visit);
  steps.Clients();
  steps.Committer();
  steps.Sealer();
  ForEachCrash(state, config, visit);
}

}  // namespace strata::protocol
