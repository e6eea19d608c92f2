#include "store/manifests.h"

#include <utility>

#include "base/fault_point.h"
#include "base/log.h"

namespace strata::store {
namespace {

// More than collections that an edit or two can have named.
constexpr model::CollectionId kSkippedIds = 10'000;

}  // namespace

Result<std::unique_ptr<Manifests>> Manifests::Open(const std::filesystem::path& data_dir,
                                                   model::CollectionTable& table,
                                                   os::FileSystem& files) {
  std::unique_ptr<Manifests> manifests(new Manifests(data_dir, table, files));
  RETURN_IF_ERROR(manifests->Load());
  return manifests;
}

Status Manifests::Load() {
  auto entries = files_.List(data_dir_ / kManifestFolder);
  if (!entries) {
    if (entries.error().code == Code::kNotFound) return Done{};
    return std::move(entries).error();
  }
  bool lost_edits = false;
  for (const os::DirectoryEntry& entry : *entries) {
    if (entry.type != os::EntryType::kDirectory || !model::IsValidNamespaceName(entry.name)) {
      continue;
    }
    ASSIGN_OR_RETURN(Manifest* const manifest, FindOrAdd(entry.name));
    const ManifestReport& report = manifest->report();
    if (report.doubtful() || !report.damage.empty()) reports_[entry.name] = report;
    lost_edits |= report.lost_edits;
    for (const CollectionPartsPtr& parts : manifest->Pin()->collections) {
      RETURN_IF_ERROR(table_.Restore(parts->collection));
    }
  }
  // The edits may have named collections whose frames are still in the log.
  if (lost_edits) table_.SkipIds(kSkippedIds);
  return Done{};
}

Manifest* Manifests::Find(const std::string& namespace_name) const {
  const MutexLock lock(mutex_);
  const auto at = manifests_.find(namespace_name);
  return at == manifests_.end() ? nullptr : at->second.get();
}

Result<Manifest*> Manifests::FindOrAdd(const std::string& namespace_name) {
  if (Manifest* found = Find(namespace_name)) return found;
  ASSIGN_OR_RETURN(auto opened, Manifest::Open(data_dir_, namespace_name, files_));
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

void Manifests::Renew() {
  for (Manifest* manifest : All()) {
    if (const Status renewed = manifest->Renew(); !renewed) {
      LogWarn("a manifest file that is not whole stays for now", renewed.error(),
              {{"namespace", manifest->Pin()->namespace_name}});
    }
  }
}

std::vector<Manifest*> Manifests::All() const {
  const MutexLock lock(mutex_);  // not held while an edit is written
  std::vector<Manifest*> all;
  for (const auto& [name, manifest] : manifests_) all.push_back(manifest.get());
  return all;
}

std::uint64_t Manifests::FileBytes() const {
  std::uint64_t bytes = 0;
  for (const Manifest* manifest : All()) bytes += manifest->file_bytes();
  return bytes;
}

Result<ManifestReport> Manifests::Scrub(const std::string& namespace_name) {
  Manifest* manifest = Find(namespace_name);
  return manifest == nullptr ? ManifestReport{} : manifest->Scrub();
}

Status Manifests::TakeOverCollections(const std::function<bool()>& go_on) {
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
    if (go_on && !go_on()) {
      return Error{Code::kUnavailable, "there was no time to list all collections"};
    }
    RETURN_IF_ERROR(Apply(namespace_name, edit));
    FaultPoint<"store.collections.taken_over">();
  }
  taken_over_ = all.size();
  return Done{};
}

}  // namespace strata::store
