// Adoption: parts that only a lost edit of the manifest listed are listed again. What the edit said
// is read from the part itself; that the collection is sealed up to its end goes with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/workplace.h"

namespace strata::store {

struct AdoptReport {
  std::uint64_t adopted = 0;
  std::uint64_t adopted_rows = 0;
  std::vector<std::string> damaged;    // of those adopted: paths of those that do not decode
  std::vector<std::string> set_aside;  // where they are now, relative to the data directory
};

// `strays`: paths of parts that no manifest lists (store/part_folder.h). Those whose collection is
// unknown, or whose positions are in listed parts, were dropped or are lost, go to quarantine; but
// a merged part whose inputs are gone, and which has exactly their rows, takes their place. Those
// that do not decode are listed, not described: they are to be judged as damaged parts are, so that
// memory and log are asked for their rows. Errors: a part that cannot be read now, an edit that
// cannot be written; then every part is where it was. Requires: at start, before rows are replayed.
Result<AdoptReport> AdoptStrays(const std::vector<std::string>& strays, const Workplace& at);

}  // namespace strata::store
