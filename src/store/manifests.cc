#include "store/manifests.h"

#include <utility>

#include "base/fault_point.h"

namespace strata::store {

Result<std::unique_ptr<Manifests>> Manifests::Open(const std::filesystem::path& data_dir,
                                                   model::CollectionTable& table,
                                                   os::FileSystem& files) {
  std::unique_ptr<Manifests> manifests(new Manifests(data_dir / "manifest", table, files));
  RETURN_IF_ERROR(manifests->Load());
  return manifests;
}

Status Manifests::Load() {
  auto entries = files_.List(folder_);
  if (!entries) {
    if (entries.error().code == Code::kNotFound) return Done{};
    return std::move(entries).error();
  }
  for (const os::DirectoryEntry& entry : *entries) {
    if (entry.type != os::EntryType::kDirectory || !model::IsValidNamespaceName(entry.name)) {
      continue;
    }
    ASSIGN_OR_RETURN(Manifest* const manifest, FindOrAdd(entry.name));
    if (manifest->report().torn_bytes > 0) torn_.insert(entry.name);
    if (manifest->report().repaired) ++repaired_;
    for (const CollectionPartsPtr& parts : manifest->Pin()->collections) {
      RETURN_IF_ERROR(table_.Restore(parts->collection));
    }
  }
  return Done{};
}

Manifest* Manifests::Find(const std::string& namespace_name) const {
  const MutexLock lock(mutex_);
  const auto at = manifests_.find(namespace_name);
  return at == manifests_.end() ? nullptr : at->second.get();
}

Result<Manifest*> Manifests::FindOrAdd(const std::string& namespace_name) {
  if (Manifest* found = Find(namespace_name)) return found;
  ASSIGN_OR_RETURN(auto opened, Manifest::Open(folder_ / namespace_name, namespace_name, files_));
  const MutexLock lock(mutex_);
  // Whoever was first wins; the other one has written nothing.
  return manifests_.try_emplace(namespace_name, std::move(opened)).first->second.get();
}

ManifestPtr Manifests::Pin(const std::string& namespace_name) const {
  if (const Manifest* manifest = Find(namespace_name)) return manifest->Pin();
  auto empty = std::make_shared<ManifestSnapshot>();
  empty->namespace_name = namespace_name;
  return empty;
}

std::vector<ManifestPtr> Manifests::PinAll() const {
  const MutexLock lock(mutex_);
  std::vector<ManifestPtr> pinned;
  pinned.reserve(manifests_.size());
  for (const auto& [name, manifest] : manifests_) pinned.push_back(manifest->Pin());
  return pinned;
}

Position Manifests::Sealed(model::CollectionId id) const {
  const model::Collection* collection = table_.Find(id);
  if (collection == nullptr) return 0;
  const ManifestPtr manifest = Pin(collection->namespace_name);
  const CollectionParts* parts = manifest->Find(id);
  return parts == nullptr ? 0 : parts->sealed;
}

Status Manifests::Apply(const std::string& namespace_name, const Edit& edit) {
  ASSIGN_OR_RETURN(Manifest* const manifest, FindOrAdd(namespace_name));
  return manifest->Apply(edit);
}

Status Manifests::TakeOverCollections() {
  const MutexLock lock(take_over_mutex_);
  const std::vector<const model::Collection*> all = table_.All();
  if (all.size() == taken_over_) return Done{};
  std::map<std::string, Edit> missing;
  for (const model::Collection* collection : all) {
    if (Pin(collection->namespace_name)->Find(collection->id) != nullptr) continue;
    missing[collection->namespace_name].emplace_back(AddCollection{
        .collection = collection->id, .kind = collection->kind, .name = collection->name});
  }
  for (const auto& [namespace_name, edit] : missing) {
    RETURN_IF_ERROR(Apply(namespace_name, edit));
    FaultPoint<"store.collections.taken_over">();
  }
  taken_over_ = all.size();
  return Done{};
}

}  // namespace strata::store
