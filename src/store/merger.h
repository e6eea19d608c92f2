// Merger: rewrites neighbouring small parts of a collection as one. Inputs and output swap places
// in the manifest in one edit; the inputs' files go when nobody reads them any more.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "store/graveyard.h"
#include "store/merge_plan.h"
#include "store/repair.h"
#include "store/workplace.h"

namespace strata::store {

class Merger {
 public:
  Merger(const Workplace& at, Graveyard& graveyard, Repair& repair)
      : at_(at), graveyard_(graveyard), repair_(repair) {}

  // One merge, of the longest range that is due anywhere. False: nothing is due. Errors are counted
  // and logged; what failed is left alone for a while, and parts that do not read are suspected.
  // Only of inputs that have at most `bytes_max` together.
  // Ends soon after a stop is requested; nothing of the merge is left then.
  Result<bool> MergeOne(std::uint64_t bytes_max, const std::stop_token& stop);

  // Lists a merge whose part is written and whose edit failed before. Until it succeeds nobody else
  // may remove parts from a manifest.
  Status Settle();

 private:
  struct Choice {
    ManifestPtr manifest;  // pins the inputs
    const CollectionParts* parts = nullptr;
    MergeRange range;
  };
  std::optional<Choice> Choose(std::uint64_t bytes_max);
  std::optional<MergeRange> RangeOf(const CollectionParts& parts);
  std::optional<MergeRange> PlanBetweenLosses(const CollectionParts& parts,
                                              const MergeLimits& limits) const;
  Status Merge(const Choice& choice, const std::stop_token& stop);
  void NoteFailure(const Choice& choice, const Error& error, const std::stop_token& stop);
  // True when one of them does not read back.
  bool SuspectUnsound(std::span<const PartPtr> inputs, const std::stop_token& stop);

  // An edit that failed after its part was written, and what it removes.
  struct Swap {
    std::string namespace_name;
    PartPtr output;
    std::vector<PartPtr> inputs;
  };
  Status List(const Swap& swap);

  const Workplace at_;
  Graveyard& graveyard_;
  Repair& repair_;
  std::optional<Swap> unlisted_;
  // State of each manifest in which nothing was due, by the configuration at hand.
  const Config* done_by_ = nullptr;
  std::map<std::string, std::uint64_t> done_sequence_;
  std::unordered_map<model::CollectionId, MonotonicTime> retry_at_;
  std::unordered_map<model::CollectionId, std::uint32_t> inputs_max_;
  std::unordered_set<std::string> left_alone_;  // paths of parts
};

}  // namespace strata::store
