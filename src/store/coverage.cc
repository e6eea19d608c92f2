#include "store/coverage.h"

#include <algorithm>

namespace strata::store {
namespace {

bool Within(const wal::PositionRange& inner, const wal::PositionRange& outer) {
  return outer.first <= inner.first && inner.last <= outer.last;
}

}  // namespace

bool Meet(const wal::PositionRange& a, const wal::PositionRange& b) {
  return a.first <= b.last && b.first <= a.last;
}

std::optional<Coverage> CoverageOf(const CollectionParts& parts,
                                   const wal::PositionRange& positions) {
  const auto meets = [&](const wal::PositionRange& range) { return Meet(range, positions); };
  if (std::ranges::any_of(parts.dropped, meets)) return std::nullopt;
  Coverage covered;
  for (const PartPtr& part : parts.parts) {
    const wal::PositionRange range{.first = part->min_position(), .last = part->max_position()};
    if (!meets(range)) continue;
    if (!Within(range, positions)) return std::nullopt;
    covered.parts.push_back(part);
    covered.rows += part->rows();
  }
  for (const LostRows& lost : parts.lost) {
    if (!Within(lost.positions, positions)) continue;
    covered.lost.push_back(lost);
    covered.rows += lost.rows;
  }
  return covered;
}

void AddInstead(const PartPtr& part, const Coverage& covered, Edit& edit) {
  for (const PartPtr& other : covered.parts) {
    edit.emplace_back(RemovePart{.collection = part->collection,
                                 .min_position = other->min_position(),
                                 .path = other->path});
  }
  for (const LostRows& lost : covered.lost) {
    edit.emplace_back(
        FindRows{.collection = part->collection, .positions = lost.positions, .file = lost.file});
  }
  edit.emplace_back(AddPart{part});
}

}  // namespace strata::store
