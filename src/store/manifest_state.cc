#include "store/manifest_state.h"

#include <algorithm>
#include <utility>

namespace strata::store {
namespace {

Error Corrupt(std::string what) {
  return {Code::kCorrupt, std::move(what)};
}

std::vector<PartPtr>::iterator PartAt(CollectionParts& parts, Position min_position) {
  return std::ranges::lower_bound(parts.parts, min_position, {},
                                  [](const PartPtr& part) { return part->min_position(); });
}

bool PartWithin(const CollectionParts& parts, Position first, Position last) {
  return std::ranges::any_of(parts.parts, [&](const PartPtr& part) {
    return part->min_position() <= last && part->max_position() >= first;
  });
}

}  // namespace

std::uint64_t CollectionParts::RowCount() const {
  std::uint64_t rows = 0;
  for (const PartPtr& part : parts) rows += part->rows();
  return rows;
}

std::uint64_t CollectionParts::ByteCount() const {
  std::uint64_t bytes = 0;
  for (const PartPtr& part : parts) bytes += part->info->bytes + part->info->filter_bytes;
  return bytes;
}

std::uint64_t CollectionParts::LostRowCount() const {
  std::uint64_t rows = 0;
  for (const LostRows& range : lost) rows += range.rows;
  return rows;
}

const CollectionParts* ManifestSnapshot::Find(model::CollectionId id) const {
  const auto at = std::ranges::lower_bound(
      collections, id, {}, [](const CollectionPartsPtr& c) { return c->collection.id; });
  return at == collections.end() || (*at)->collection.id != id ? nullptr : at->get();
}

Edit CheckpointOf(const ManifestSnapshot& state) {
  Edit edit;
  for (const CollectionPartsPtr& parts : state.collections) {
    const model::CollectionId id = parts->collection.id;
    edit.emplace_back(AddCollection{
        .collection = id, .kind = parts->collection.kind, .name = parts->collection.name});
    for (const PartPtr& part : parts->parts) edit.emplace_back(AddPart{part});
    for (const auto& range : parts->dropped) edit.emplace_back(DropRange{id, range});
    for (const LostRows& range : parts->lost) edit.emplace_back(LoseRows{id, range});
    if (parts->sealed > 0) edit.emplace_back(SetSealed{id, parts->sealed});
  }
  return edit;
}

StateBuilder::StateBuilder(const ManifestSnapshot& base)
    : namespace_name_(base.namespace_name), sequence_(base.sequence) {
  slots_.reserve(base.collections.size());
  for (const CollectionPartsPtr& parts : base.collections) slots_.push_back({parts, nullptr});
}

std::vector<StateBuilder::Slot>::iterator StateBuilder::LowerBound(model::CollectionId id) {
  return std::ranges::lower_bound(slots_, id, {},
                                  [](const Slot& slot) { return slot.get().collection.id; });
}

Result<CollectionParts*> StateBuilder::Touch(model::CollectionId id) {
  const auto slot = LowerBound(id);
  if (slot == slots_.end() || slot->get().collection.id != id) {
    return Corrupt("collection " + std::to_string(id) + " is not in the manifest");
  }
  if (slot->owned == nullptr) {
    slot->owned = std::make_shared<CollectionParts>(*slot->shared);
    slot->shared = nullptr;
  }
  return slot->owned.get();
}

Status StateBuilder::Apply(const Edit& edit, std::uint64_t sequence) {
  for (const Operation& operation : edit) {
    RETURN_IF_ERROR(std::visit([this](const auto& op) { return Apply(op); }, operation));
  }
  sequence_ = sequence;
  return Done{};
}

void StateBuilder::ApplyWhatFits(const Edit& edit, std::uint64_t sequence) {
  for (const Operation& operation : edit) {
    if (const auto* add = std::get_if<AddPart>(&operation)) RemoveInterleaving(*add->part);
    std::visit([this](const auto& op) { static_cast<void>(Apply(op).has_value()); }, operation);
  }
  sequence_ = sequence;
}

void StateBuilder::RemoveInterleaving(const Part& part) {
  const auto parts = Touch(part.collection);
  if (!parts) return;
  std::erase_if((*parts)->parts, [&](const PartPtr& other) {
    return other->min_position() <= part.max_position() &&
           other->max_position() >= part.min_position();
  });
}

Status StateBuilder::Apply(const AddCollection& op) {
  if (op.collection == 0 || op.name.empty()) return Corrupt("a collection without id or name");
  const auto slot = LowerBound(op.collection);
  if (slot != slots_.end() && slot->get().collection.id == op.collection) {
    return Corrupt("collection " + std::to_string(op.collection) + " is added twice");
  }
  auto parts = std::make_shared<CollectionParts>();
  parts->collection = {
      .id = op.collection, .namespace_name = namespace_name_, .name = op.name, .kind = op.kind};
  slots_.insert(slot, Slot{nullptr, std::move(parts)});
  return Done{};
}

Status StateBuilder::Apply(const AddPart& op) {
  const Part& part = *op.part;
  ASSIGN_OR_RETURN(CollectionParts* const parts, Touch(part.collection));
  if (part.min_position() == 0 || part.min_position() > part.max_position()) {
    return Corrupt(part.path + ": impossible positions");
  }
  const auto at = PartAt(*parts, part.min_position());
  if ((at != parts->parts.end() && (*at)->min_position() <= part.max_position()) ||
      (at != parts->parts.begin() && (*std::prev(at))->max_position() >= part.min_position())) {
    return Corrupt(part.path + ": positions interleave with those of another part");
  }
  parts->parts.insert(at, op.part);
  return Done{};
}

Status StateBuilder::Apply(const RemovePart& op) {
  ASSIGN_OR_RETURN(CollectionParts* const parts, Touch(op.collection));
  const auto at = PartAt(*parts, op.min_position);
  if (at == parts->parts.end() || (*at)->path != op.path) {
    return Corrupt(op.path + ": removed, but not in the manifest");
  }
  parts->parts.erase(at);
  return Done{};
}

Status StateBuilder::Apply(const SetSealed& op) {
  ASSIGN_OR_RETURN(CollectionParts* const parts, Touch(op.collection));
  if (op.position < parts->sealed) {
    return Corrupt("collection " + std::to_string(op.collection) + ": the sealed position falls");
  }
  parts->sealed = op.position;
  return Done{};
}

// Ranges that have no part between them are one: what is dropped is mostly the oldest, so that the
// list stays short.
Status StateBuilder::Apply(const DropRange& op) {
  ASSIGN_OR_RETURN(CollectionParts* const parts, Touch(op.collection));
  if (op.positions.empty() || op.positions.first == 0) return Corrupt("an empty range is dropped");
  std::erase_if(parts->lost, [&](const LostRows& lost) {
    return op.positions.first <= lost.positions.first && lost.positions.last <= op.positions.last;
  });
  auto& dropped = parts->dropped;
  dropped.insert(
      std::ranges::upper_bound(dropped, op.positions.first, {}, &wal::PositionRange::first),
      op.positions);
  std::vector<wal::PositionRange> joined;
  for (const wal::PositionRange& range : dropped) {
    const bool joins = !joined.empty() && (range.first <= joined.back().last ||
                                           !PartWithin(*parts, joined.back().last, range.first));
    if (joins) {
      joined.back().last = std::max(joined.back().last, range.last);
    } else {
      joined.push_back(range);
    }
  }
  dropped = std::move(joined);
  return Done{};
}

Status StateBuilder::Apply(const LoseRows& op) {
  ASSIGN_OR_RETURN(CollectionParts* const parts, Touch(op.collection));
  const wal::PositionRange& positions = op.lost.positions;
  if (positions.empty() || positions.first == 0) return Corrupt("an empty range is lost");
  const auto at = std::ranges::upper_bound(
      parts->lost, positions.first, {}, [](const LostRows& lost) { return lost.positions.first; });
  parts->lost.insert(at, op.lost);
  return Done{};
}

Status StateBuilder::Apply(const FindRows& op) {
  ASSIGN_OR_RETURN(CollectionParts* const parts, Touch(op.collection));
  const auto found = std::ranges::find_if(parts->lost, [&](const LostRows& lost) {
    return lost.positions == op.positions && lost.file == op.file;
  });
  if (found == parts->lost.end()) return Corrupt("rows are found that were not lost");
  parts->lost.erase(found);
  return Done{};
}

ManifestPtr StateBuilder::Finish() {
  auto state = std::make_shared<ManifestSnapshot>();
  state->namespace_name = std::move(namespace_name_);
  state->sequence = sequence_;
  state->collections.reserve(slots_.size());
  for (Slot& slot : slots_) {
    state->collections.push_back(slot.owned != nullptr ? std::move(slot.owned)
                                                       : std::move(slot.shared));
  }
  slots_.clear();
  return state;
}

}  // namespace strata::store
