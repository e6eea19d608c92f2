// How a reader joins parts and memory, so that each row is seen once.
//
// While it reads, rows move from memory to parts. A reader does, for the collections that it wants:
//
//   1. F = hot.Floor(c)              for each collection: rows above it are in memory
//   2. snapshot = store.Pin(...)     after all floors: it lists every part with rows up to F
//   3. (P, parts) = SplitAt(...)     P >= F, and no part listed in `parts` has rows above P
//   4. S = log.published()           after the snapshot, so S >= P
//   5. hot.Slices(c, P, S)           rows with P < position <= S
//   6. hot.Floor(c) again            above P: rows were evicted between 1 and 5, start again
//
// `parts` and the slices together are every row with position <= S, each once: a part begins above
// the sealed position of its time and evicted rows were sealed, so parts that begin at or below F
// hold all rows up to F; what they hold beyond it is left out of the slices by P.
#pragma once

#include <filesystem>
#include <string>
#include <unordered_set>
#include <vector>

#include "store/manifest_state.h"

namespace strata::store {

struct Split {
  Position through = 0;  // P: rows up to it come from `parts`, rows above it from memory
  // Ascending by position. Their files stay as long as the snapshot is held.
  std::vector<duck::PartRef> parts;
  // Rows up to `through` that are lost, or in a part that does not read back.
  std::vector<duck::MissingRows> missing;
};

// Paths of parts, relative to the data directory, that are left out.
using PathSet = std::unordered_set<std::string>;

// `parts` may be null: a collection that the manifest does not know has no parts.
Split SplitAt(const CollectionParts* parts, Position floor, const std::filesystem::path& data_dir,
              const PathSet& suspects);

}  // namespace strata::store
