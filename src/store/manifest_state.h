// What a namespace's manifest says at one moment. Immutable; readers pin it for as long as they
// read the parts that it lists. A new state shares all that an edit did not touch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/collection.h"
#include "store/manifest_edit.h"
#include "store/part.h"

namespace strata::store {

// The part of the state that one collection is. Positions of its parts never interleave: each
// part's positions are above those of the part before it.
struct CollectionParts {
  model::Collection collection;
  Position sealed = 0;
  std::vector<PartPtr> parts;               // ascending by position
  std::vector<wal::PositionRange> dropped;  // by retention; ascending, never adjacent
  std::vector<LostRows> lost;               // ascending by first position

  std::uint64_t RowCount() const;
  std::uint64_t LostRowCount() const;
  std::uint64_t ByteCount() const;  // of Parquet files and their filters
};

using CollectionPartsPtr = std::shared_ptr<const CollectionParts>;

struct ManifestSnapshot {
  std::string namespace_name;
  std::uint64_t sequence = 0;                   // of the last edit in it
  std::vector<CollectionPartsPtr> collections;  // ascending by collection id

  // nullptr when the manifest does not know the collection.
  const CollectionParts* Find(model::CollectionId id) const;
};

using ManifestPtr = std::shared_ptr<const ManifestSnapshot>;

// The edit that builds `state` from nothing. The same state always gives the same edit, so that a
// damaged checkpoint can be written again from the generation before it.
Edit CheckpointOf(const ManifestSnapshot& state);

// Applies edits to a copy of a state; each collection is copied once, when it is first touched.
class StateBuilder {
 public:
  explicit StateBuilder(const ManifestSnapshot& base);

  // kCorrupt, and a builder of no further use, where the edit contradicts the state: an unknown
  // collection, a part that is not there, positions that interleave, a sealed position that falls.
  Status Apply(const Edit& edit, std::uint64_t sequence);

  // For an edit whose predecessors are not all known: what contradicts the state is left out, and a
  // part takes the place of those that it interleaves with, for they were removed.
  void ApplyWhatFits(const Edit& edit, std::uint64_t sequence);

  // Once.
  ManifestPtr Finish();

 private:
  struct Slot {
    CollectionPartsPtr shared;               // as in the base; null once touched
    std::shared_ptr<CollectionParts> owned;  // null until touched
    const CollectionParts& get() const { return owned != nullptr ? *owned : *shared; }
  };
  std::vector<Slot>::iterator LowerBound(model::CollectionId id);
  Result<CollectionParts*> Touch(model::CollectionId id);

  Status Apply(const AddCollection& op);
  Status Apply(const AddPart& op);
  Status Apply(const RemovePart& op);
  Status Apply(const SetSealed& op);
  Status Apply(const DropRange& op);
  Status Apply(const LoseRows& op);
  Status Apply(const FindRows& op);
  void RemoveInterleaving(const Part& part);

  std::string namespace_name_;
  std::uint64_t sequence_;
  std::vector<Slot> slots_;
};

}  // namespace strata::store
