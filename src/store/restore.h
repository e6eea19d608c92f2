// Restore: parts that were told as lost and whose file somebody brought back to its place, from a
// backup or from quarantine after the disk was mended.
//
// A file with the checksums that the manifest knows is served again, in place of what was written
// again of its rows, and its loss is told no more. Another one stays where it is, and is told once.
#pragma once

#include <stop_token>
#include <string>
#include <unordered_set>

#include "store/graveyard.h"
#include "store/workplace.h"

namespace strata::store {

class Restore {
 public:
  Restore(const Workplace& at, Graveyard& graveyard) : at_(at), graveyard_(graveyard) {}

  // Looks for the files of all parts that are told as lost. One thread; requires: nobody else
  // removes parts from a manifest meanwhile. Ends soon after a stop is requested.
  void Look(const std::stop_token& stop);

 private:
  void LookFor(const CollectionParts& parts, const LostRows& lost, const std::stop_token& stop);
  Status Serve(const CollectionParts& parts, const PartPtr& part);
  Result<PartPtr> WithFilterThatReads(const PartPtr& part);

  const Workplace at_;
  Graveyard& graveyard_;
  std::unordered_set<std::string> refused_;  // paths
};

}  // namespace strata::store
