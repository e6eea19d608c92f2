// Coverage: what a part takes the place of when its file turns up again, because it has all rows of
// its positions: a merged part whose entry in the manifest was lost, one that was told as lost.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "store/manifest_state.h"

namespace strata::store {

bool Meet(const wal::PositionRange& a, const wal::PositionRange& b);

struct Coverage {
  std::vector<PartPtr> parts;  // listed, within the positions
  std::vector<LostRows> lost;  // told as lost, within the positions
  std::uint64_t rows = 0;      // of both
};

// nullopt: a listed part reaches beyond the positions, or retention has dropped some of them.
std::optional<Coverage> CoverageOf(const CollectionParts& parts,
                                   const wal::PositionRange& positions);

// Lists `part` in place of what it covers, and tells the losses no more.
void AddInstead(const PartPtr& part, const Coverage& covered, Edit& edit);

}  // namespace strata::store
