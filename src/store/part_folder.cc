#include "store/part_folder.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/fault_point.h"
#include "base/log.h"
#include "store/check.h"
#include "store/coverage.h"

namespace strata::store {
namespace {

using Path = std::filesystem::path;

// Whatever else somebody put there is left alone.
bool IsOurs(const std::string& name) {
  return name.ends_with(kPartSuffix) || name.ends_with(".filter") || name.ends_with(".new");
}

class Tidier {
 public:
  Tidier(Path data_dir, os::FileSystem& files) : data_dir_(std::move(data_dir)), files_(files) {}

  void List(const ManifestSnapshot& manifest) {
    for (const CollectionPartsPtr& parts : manifest.collections) {
      if (!parts->lost.empty()) lost_[CollectionFolder(parts->collection) + "/"] = parts;
      for (const LostRows& lost : parts->lost) {
        if (lost.part != nullptr) LeaveAlone(*lost.part);  // store/restore.h looks at it
      }
      for (const PartPtr& part : parts->parts) {
        LeaveAlone(*part);
        parts_.push_back(part);
      }
    }
  }

  // True when the folder is empty afterwards. `certain`: what is not listed is of no use.
  Result<bool> Visit(const std::string& folder, bool certain) {
    ASSIGN_OR_RETURN(const auto entries, files_.List(data_dir_ / folder));
    std::size_t left = entries.size();
    for (const os::DirectoryEntry& entry : entries) {
      const std::string path = folder + "/" + entry.name;
      if (entry.type == os::EntryType::kDirectory) {
        ASSIGN_OR_RETURN(const bool empty, Visit(path, certain));
        if (!empty) continue;
        RETURN_IF_ERROR(files_.Remove(data_dir_ / path));
      } else {
        if (left_alone_.contains(path) || !IsOurs(entry.name)) continue;
        const bool is_part = entry.name.ends_with(kPartSuffix);
        if (is_part && (!certain || MayBeNeeded(path))) {
          report_.strays.push_back(path);
          continue;
        }
        if (IsFilterOfStray(path)) continue;
        RETURN_IF_ERROR(files_.Remove(data_dir_ / path));
        FaultPoint<"store.open.orphan_removed">();
        ++report_.orphans_removed;
      }
      --left;
    }
    return left == 0;
  }

  Status FindMissing() {
    for (const PartPtr& part : parts_) {
      Verdict verdict = GlanceAtPart(*part, data_dir_, files_);
      if (verdict.soundness == Soundness::kUnreadable) {  // once may be an accident
        verdict = GlanceAtPart(*part, data_dir_, files_);
      }
      if (verdict.soundness == Soundness::kSound) continue;
      // Of one that cannot be read the rest is served, unless it is the disk as a whole.
      const bool is_alone = verdict.soundness == Soundness::kUnreadable &&
                            AnyOtherReads(part->path, parts_, data_dir_, files_);
      if (!verdict.is_damage() && !is_alone) return Error{Code::kIo, verdict.reason};
      report_.missing.push_back(part);
      reasons_.push_back(verdict.reason);
    }
    return Done{};
  }

  // After all was visited: what missing parts may have been merged into shows that their disk is
  // there.
  Status TellMissing() const {
    const bool is_unmounted = report_.strays.empty() && AllGone(parts_, data_dir_, files_);
    for (std::size_t i = 0; i < reasons_.size() && !is_unmounted; ++i) {
      LogError("a part that the manifest lists is not as it was written",
               {{"path", report_.missing[i]->path}, {"reason", reasons_[i]}});
    }
    if (!is_unmounted) return Done{};
    return Error{Code::kNotFound,
                 "none of the " + std::to_string(parts_.size()) + " parts that the manifests in " +
                     (data_dir_ / "manifest").native() + " list is there, " + parts_.front()->path +
                     " for one: mount their disk or bring them back (to start without them, and "
                     "without a list of what is lost, move the folder of manifests away)"};
  }

  PartFolderReport TakeReport() { return std::move(report_); }

 private:
  void LeaveAlone(const Part& part) {
    left_alone_.insert(part.path);
    if (part.info->filter_bytes > 0) left_alone_.insert(FilterPath(part.path));
  }

  // In order of names it comes right behind its part.
  bool IsFilterOfStray(const std::string& path) const {
    return !report_.strays.empty() && path == FilterPath(report_.strays.back());
  }

  // What is lost, or missing, may be in it: it was gone and is back, a backup brought it, or it is
  // what missing parts were merged into.
  bool MayBeNeeded(const std::string& path) const {
    const wal::PositionRange positions = PositionsOf(path);
    const auto is_lost = [&](const LostRows& lost) { return Meet(positions, lost.positions); };
    for (const auto& [folder, parts] : lost_) {
      if (path.starts_with(folder) && std::ranges::any_of(parts->lost, is_lost)) return true;
    }
    return std::ranges::any_of(report_.missing, [&](const PartPtr& part) {
      return CollectionFolderOf(path) == CollectionFolderOf(part->path) &&
             Meet(positions, {part->min_position(), part->max_position()});
    });
  }

  // Of "parts/<namespace>/<collection>/<day>/<hour>/<name>".
  static std::string_view CollectionFolderOf(std::string_view part_path) {
    for (int level = 0; level < 3; ++level) {
      part_path = part_path.substr(0, part_path.rfind('/'));
    }
    return part_path;
  }

  const Path data_dir_;
  os::FileSystem& files_;
  std::unordered_set<std::string> left_alone_;
  std::map<std::string, CollectionPartsPtr> lost_;  // collections that lost rows, by their folder
  std::vector<PartPtr> parts_;
  std::vector<std::string> reasons_;  // of report_.missing
  PartFolderReport report_;
};

}  // namespace

Result<PartFolderReport> TidyPartFolder(const Path& data_dir,
                                        const std::vector<ManifestPtr>& manifests,
                                        const std::set<std::string>& doubtful_namespaces,
                                        os::FileSystem& files) {
  Tidier tidier(data_dir, files);
  std::set<std::string> certain;
  for (const ManifestPtr& manifest : manifests) {
    tidier.List(*manifest);
    const bool doubtful = doubtful_namespaces.contains(manifest->namespace_name);
    if (manifest->sequence > 0 && !doubtful) certain.insert(manifest->namespace_name);
  }
  RETURN_IF_ERROR(tidier.FindMissing());
  ASSIGN_OR_RETURN(const bool exists, files.Exists(data_dir / kPartsFolder));
  if (exists) {
    ASSIGN_OR_RETURN(const auto namespaces, files.List(data_dir / kPartsFolder));
    for (const os::DirectoryEntry& entry : namespaces) {
      if (entry.type != os::EntryType::kDirectory) continue;
      const std::string folder = std::string(kPartsFolder) + "/" + entry.name;
      RETURN_IF_ERROR(tidier.Visit(folder, certain.contains(entry.name)));
    }
  }
  RETURN_IF_ERROR(tidier.TellMissing());
  return tidier.TakeReport();
}

}  // namespace strata::store
