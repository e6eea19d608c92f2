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
  std::vector<std::string> set_aside;  // where they are now, relative to the data directory
};

// `strays`: paths of parts that no manifest lists (store/part_folder.h). Those that do not decode,
// whose collection is unknown, or whose positions listed parts have already go to quarantine: their
// rows are lost, or there twice. Requires: at start, before rows are replayed.
Result<AdoptReport> AdoptStrays(const std::vector<std::string>& strays, const Workplace& at);

}  // namespace strata::store
