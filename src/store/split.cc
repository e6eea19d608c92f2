#include "store/split.h"

#include <algorithm>

#include "base/seeded_bug.h"

namespace strata::store {

namespace {

duck::MissingRows MissingOf(const Part& part) {
  duck::MissingRows missing{.min_position = part.min_position(),
                            .max_position = part.max_position(),
                            .rows = part.rows()};
  if (part.info->min_time <= part.info->max_time) {
    missing.min_time = part.info->min_time;
    missing.max_time = part.info->max_time;
  }
  return missing;
}

duck::MissingRows MissingOf(const LostRows& lost) {
  duck::MissingRows missing{
      .min_position = lost.positions.first, .max_position = lost.positions.last, .rows = lost.rows};
  if (lost.min_time <= lost.max_time) {
    missing.min_time = lost.min_time;
    missing.max_time = lost.max_time;
  }
  return missing;
}

}  // namespace

Split SplitAt(const CollectionParts* parts, Position floor, const std::filesystem::path& data_dir,
              const PathSet& suspects) {
  Split split;
  split.through = floor;
  if (parts == nullptr) return split;
  for (const PartPtr& part : parts->parts) {
    if (part->min_position() > floor) break;
    if (!SeededBug(Bug::kHotAfterHandover)) {
      split.through = std::max(split.through, part->max_position());
    }
    if (suspects.contains(part->path)) {
      split.missing.push_back(MissingOf(*part));
    } else {
      split.parts.push_back({.path = (data_dir / part->path).native(), .info = part->info});
    }
  }
  for (const LostRows& lost : parts->lost) split.missing.push_back(MissingOf(lost));
  return split;
}

}  // namespace strata::store
