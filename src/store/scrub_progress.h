// How far the scrub is, and its file `scrub.state` (docs/formats/scrub.md), so that a restart goes
// on where the process before it ended.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "model/collection.h"
#include "store/part.h"

namespace strata::store {

// What is read one after another in a round, in this order.
enum class ScrubStage : std::uint8_t {
  kSources = 0,  // files of other modules, by name
  kCarry = 1,
  kManifests = 2,  // by namespace
  kParts = 3,      // by namespace, collection and position; each with its filter
  kEnd = 4,
};

// The last thing that a round has read. New things that sort before it wait for the next round.
struct ScrubPlace {
  ScrubStage stage = ScrubStage::kSources;
  std::string name;  // of a source or namespace; empty: before the first
  model::CollectionId collection = 0;
  Position position = 0;
  auto operator<=>(const ScrubPlace&) const = default;
};

struct ScrubProgress {
  std::uint64_t round = 1;
  ScrubPlace place;
  std::uint64_t elapsed_ns = 0;  // of this round, while a process ran; no wall clock
  std::uint64_t bytes = 0;       // read in this round
  std::uint64_t files = 0;
  std::uint64_t damaged = 0;      // of these files
  std::int64_t began_ns = 0;      // wall clock, to be told
  std::int64_t completed_ns = 0;  // wall clock; the end of the round before, 0: there was none
  bool operator==(const ScrubProgress&) const = default;
};

Bytes EncodeScrubProgress(const ScrubProgress& progress);
// kCorrupt: the bytes are not what was written.
Result<ScrubProgress> DecodeScrubProgress(ByteSpan bytes);

}  // namespace strata::store
