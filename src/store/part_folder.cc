#include "store/part_folder.h"

#include <algorithm>
#include <utility>

#include "base/fault_point.h"
#include "base/log.h"

namespace strata::store {
namespace {

using Path = std::filesystem::path;

// Whatever else somebody put there is left alone.
bool IsOurs(const std::string& name) {
  return name.ends_with(".parquet") || name.ends_with(".filter") || name.ends_with(".new");
}

class Tidier {
 public:
  Tidier(Path data_dir, os::FileSystem& files) : data_dir_(std::move(data_dir)), files_(files) {}

  void List(const ManifestSnapshot& manifest) {
    for (const CollectionPartsPtr& parts : manifest.collections) {
      for (const PartPtr& part : parts->parts) {
        listed_.insert(part->path);
        if (part->info->filter_bytes > 0) listed_.insert(FilterPath(part->path));
        parts_.push_back(part);
      }
    }
  }

  // True when the folder is empty afterwards. `quarantine`: keep orphans, elsewhere.
  Result<bool> Visit(const std::string& folder, bool quarantine) {
    ASSIGN_OR_RETURN(const auto entries, files_.List(data_dir_ / folder));
    std::size_t left = entries.size();
    for (const os::DirectoryEntry& entry : entries) {
      const std::string path = folder + "/" + entry.name;
      if (entry.type == os::EntryType::kDirectory) {
        ASSIGN_OR_RETURN(const bool empty, Visit(path, quarantine));
        if (!empty) continue;
        RETURN_IF_ERROR(files_.Remove(data_dir_ / path));
      } else {
        if (listed_.contains(path) || !IsOurs(entry.name)) continue;
        RETURN_IF_ERROR(quarantine && entry.name.ends_with(".parquet") ? Quarantine(path)
                                                                       : RemoveOrphan(path));
      }
      --left;
    }
    return left == 0;
  }

  Status FindMissing() {
    for (const PartPtr& part : parts_) {
      auto stat = files_.GetStat(data_dir_ / part->path);
      if (!stat && stat.error().code != Code::kNotFound) return std::move(stat).error();
      if (stat && stat->size == part->info->bytes) continue;
      LogError("a part that the manifest lists cannot be read",
               {{"path", part->path},
                {"missing", !stat},
                {"first_position", part->min_position()},
                {"last_position", part->max_position()},
                {"rows", part->rows()}});
      report_.missing.push_back(part);
    }
    return Done{};
  }

  PartFolderReport TakeReport() { return std::move(report_); }

 private:
  Status RemoveOrphan(const std::string& path) {
    RETURN_IF_ERROR(files_.Remove(data_dir_ / path));
    FaultPoint<"store.open.orphan_removed">();
    ++report_.orphans_removed;
    return Done{};
  }

  Status Quarantine(const std::string& path) {
    std::string name = path;
    std::ranges::replace(name, '/', '_');
    const Path folder = data_dir_ / "quarantine" / "parts";
    RETURN_IF_ERROR(files_.CreateDirectories(folder));
    RETURN_IF_ERROR(files_.Rename(data_dir_ / path, folder / name));
    LogWarn("part that no manifest lists moved to quarantine", {{"path", path}});
    ++report_.orphans_quarantined;
    return Done{};
  }

  const Path data_dir_;
  os::FileSystem& files_;
  std::unordered_set<std::string> listed_;
  std::vector<PartPtr> parts_;
  PartFolderReport report_;
};

}  // namespace

Result<PartFolderReport> TidyPartFolder(const Path& data_dir,
                                        const std::vector<ManifestPtr>& manifests,
                                        const std::set<std::string>& torn_namespaces,
                                        os::FileSystem& files) {
  Tidier tidier(data_dir, files);
  std::set<std::string> certain;
  for (const ManifestPtr& manifest : manifests) {
    tidier.List(*manifest);
    const bool torn = torn_namespaces.contains(manifest->namespace_name);
    if (manifest->sequence > 0 && !torn) certain.insert(manifest->namespace_name);
  }
  ASSIGN_OR_RETURN(const bool exists, files.Exists(data_dir / "parts"));
  if (exists) {
    ASSIGN_OR_RETURN(const auto namespaces, files.List(data_dir / "parts"));
    for (const os::DirectoryEntry& entry : namespaces) {
      if (entry.type != os::EntryType::kDirectory) continue;
      const bool quarantine = !certain.contains(entry.name);
      RETURN_IF_ERROR(tidier.Visit("parts/" + entry.name, quarantine));
    }
  }
  RETURN_IF_ERROR(tidier.FindMissing());
  return tidier.TakeReport();
}

}  // namespace strata::store
