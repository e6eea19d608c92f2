#include "store/split.h"

#include <algorithm>

#include "base/seeded_bug.h"

namespace strata::store {

Split SplitAt(const CollectionParts* parts, Position floor, const std::filesystem::path& data_dir) {
  Split split;
  split.through = floor;
  if (parts == nullptr) return split;
  for (const PartPtr& part : parts->parts) {
    if (part->min_position() > floor) break;
    if (!SeededBug(Bug::kHotAfterHandover)) {
      split.through = std::max(split.through, part->max_position());
    }
    split.parts.push_back({.path = (data_dir / part->path).native(), .info = part->info});
  }
  return split;
}

}  // namespace strata::store
