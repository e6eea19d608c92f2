// The way of a request from its acknowledgement to the release of its segment, as small as it can
// be and still go wrong: a few requests that are sent more than once, one committer, segments of
// two frames, one collection that is sealed, the dedup file, and a machine that stops at any
// moment. docs/architecture.md has the invariants, docs/reliability.md what this leaves out.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace strata::protocol {

using Request = std::uint8_t;   // from 1 on; 0 is none
using Position = std::uint8_t;  // from 1 on; 0 is none

inline constexpr std::uint8_t kRequestsMax = 4;
inline constexpr std::uint8_t kPositionsMax = 8;
inline constexpr std::uint8_t kQueueMax = 3;
inline constexpr std::uint8_t kSlotsMax = 8;
inline constexpr std::uint8_t kSegmentFrames = 2;
inline constexpr std::uint8_t kGroupFrames = 2;

struct Limits {
  std::uint8_t requests = 3;
  std::uint8_t sends = 2;  // of one request
  std::uint8_t crashes = 1;
  std::uint8_t failures = 1;  // of writes to the log
};

// What keeps the protocol right. Each is taken away once, and then some invariant has to break.
enum class Guard : std::uint8_t {
  kAckAfterWrite,           // answers are given after the durable write
  kAckAfterPublish,         // and after the published position has moved
  kPublishAfterWrite,       // which moves after the durable write
  kTwinsShareAFrame,        // a twin in the same group gets no frame of its own
  kPublishEntersDedup,      // a published request is known to dedup
  kReplayEntersDedup,       // so is one that is read back at a start
  kReleaseWaitsForDedup,    // segments wait until dedup's file covers them
  kDedupFileBeforeCursor,   // the file is durable before the cursor says so
  kReleaseWaitsForSeal,     // segments wait until their rows are listed durably
  kPartBeforeManifest,      // a part is durable before the manifest lists it
  kManifestBeforeEviction,  // rows stay in memory until the manifest lists them durably
  kRecoveryCutsAtAHole,     // frames behind one that is missing are a torn tail
  kResidueIsClosedOut,      // what a failed write left is never read
  kReleasedPositionsCount,  // positions go on behind what was released
};
inline constexpr std::uint8_t kGuards = 14;
std::string_view NameOf(Guard guard);

struct Guards {
  std::uint32_t missing = 0;
  bool Has(Guard guard) const { return (missing >> static_cast<unsigned>(guard) & 1U) == 0; }
  static Guards Without(Guard guard) { return {1U << static_cast<unsigned>(guard)}; }
};

struct Config {
  Limits limits;
  Guards guards;
};

// A frame in the file of a segment.
enum class Fate : std::uint8_t { kPlanned, kWritten, kDurable, kResidue };
struct Slot {
  Request request = 0;
  Position position = 0;
  std::uint8_t segment = 0;
  Fate fate = Fate::kPlanned;
  auto operator<=>(const Slot&) const = default;
};

enum class Commit : std::uint8_t {
  kForming,
  kWriting,
  kWritten,
  kPublishing,
  kSettling,
  kPoisoned
};
enum class Seal : std::uint8_t { kIdle, kPartWritten, kPartSynced, kListed, kListedDurably };

// Only bytes, so that a state is its own hash key. Arrays by request or position leave [0] unused.
struct State {
  // Clients, and what anybody ever saw.
  std::array<std::uint8_t, kRequestsMax + 1> sends{};
  std::array<Position, kRequestsMax + 1> acked{};
  std::array<Request, kPositionsMax + 1> seen{};
  std::uint8_t two_receipts = 0;

  // The process: gone with a crash.
  std::array<Request, kQueueMax> queue{};
  std::uint8_t queue_size = 0;
  Commit commit = Commit::kForming;
  std::uint8_t group_begin = 0;  // the group is the slots from here on
  std::uint8_t settled = 0;      // of the group
  std::uint8_t active = 0;       // segment
  Position last = 0;
  Position published = 0;
  std::array<Request, kPositionsMax + 1> hot{};
  std::array<Position, kRequestsMax + 1> dedup{};
  Position dedup_covered = 0;  // by dedup's file, as far as this process knows
  Position listed = 0;         // the manifest as readers see it
  Seal seal = Seal::kIdle;
  Position seal_end = 0;
  std::uint8_t part_synced = 1;
  std::uint8_t releasing = 0;  // segment + 1 whose release is decided

  // The disk.
  std::array<Slot, kSlotsMax> slots{};
  std::uint8_t slot_count = 0;
  std::array<Request, kPositionsMax + 1> part{};
  Position manifest = 0;  // sealed up to here
  std::array<Position, kRequestsMax + 1> dedup_file{};
  Position dedup_cursor = 0;
  Position released = 0;

  std::uint8_t crashes = 0;
  std::uint8_t failures = 0;
  auto operator<=>(const State&) const = default;

  // The request whose rows a reader finds at `position`.
  Request Visible(Position position) const {
    return position <= listed ? part[position] : hot[position];
  }
};
static_assert(std::has_unique_object_representations_v<State>, "hashed as bytes");

}  // namespace strata::protocol
