#include "store/verify.h"

#include <algorithm>
#include <map>
#include <utility>

#include "store/carry.h"
#include "store/manifest_reading.h"

namespace strata::store {
namespace {

// A server that changes its files may need several looks.
constexpr int kAttemptsMax = 20;

class Verifier {
 public:
  Verifier(const std::filesystem::path& data_dir, os::FileSystem& files, const Pace& pace)
      : data_dir_(data_dir), files_(files), pace_(pace) {}

  Result<StoreVerification> Run() {
    auto namespaces = files_.List(data_dir_ / kManifestFolder);
    if (!namespaces && namespaces.error().code != Code::kNotFound) {
      return std::move(namespaces).error();
    }
    if (namespaces) {
      for (const os::DirectoryEntry& entry : *namespaces) {
        const bool ours =
            entry.type == os::EntryType::kDirectory && model::IsValidNamespaceName(entry.name);
        if (ours) RETURN_IF_ERROR(CheckNamespace(entry.name));
      }
    }
    RETURN_IF_ERROR(CheckCarry());
    return std::move(found_);
  }

 private:
  // Damage counts when a second look, with nothing changed in between, finds it again.
  Result<ManifestReading> ReadManifestCalmly(const std::string& namespace_name) {
    const auto folder = ManifestFolder(data_dir_, namespace_name);
    ASSIGN_OR_RETURN(ManifestReading reading, ReadManifest(folder, namespace_name, files_));
    for (int attempt = 1; attempt < kAttemptsMax; ++attempt) {
      if (reading.damage.empty() && !reading.lost_edits) break;
      ASSIGN_OR_RETURN(ManifestReading again, ReadManifest(folder, namespace_name, files_));
      const bool same = again.generation == reading.generation && again.bytes == reading.bytes;
      reading = std::move(again);
      if (same) break;
    }
    return reading;
  }

  Status CheckNamespace(const std::string& namespace_name) {
    ASSIGN_OR_RETURN(const ManifestReading reading, ReadManifestCalmly(namespace_name));
    ++found_.manifests;
    found_.bytes += reading.bytes;
    const std::string folder = std::string(kManifestFolder) + "/" + namespace_name + "/";
    for (const FileDamage& damage : reading.damage) {
      FoundDamage found{
          .path = folder + damage.name, .offset = damage.offset, .reason = damage.reason};
      if (reading.lost_edits) {
        found.namespace_name = namespace_name;
        found.reason += "; the second file does not have it either";
      }
      found_.damage.push_back(std::move(found));
    }
    for (const CollectionPartsPtr& parts : reading.state->collections) {
      names_[parts->collection.id] = parts->collection;
      sealed_[parts->collection.id] = parts->sealed;
      for (const LostRows& lost : parts->lost) {
        found_.known_losses.push_back({namespace_name, parts->collection.name, lost});
      }
      for (const PartPtr& part : parts->parts) {
        if (!CheckOne(*part, parts->collection)) return Done{};
      }
    }
    return Done{};
  }

  // False: `pace` ended it.
  bool CheckOne(const Part& part, const model::Collection& collection) {
    Verdict verdict = CheckPart(part, data_dir_, files_, pace_);
    found_.bytes += verdict.bytes;
    if (verdict.soundness == Soundness::kStopped) return false;
    if (verdict.soundness != Soundness::kSound && IsListed(part, collection.namespace_name)) {
      verdict = CheckPart(part, data_dir_, files_, pace_);
      if (verdict.soundness != Soundness::kSound) Note(part, collection, verdict);
    }
    ++found_.parts;
    found_.rows += part.rows();
    const Verdict filter = CheckFilter(part, data_dir_, files_, pace_);
    found_.bytes += filter.bytes;
    if (filter.soundness == Soundness::kStopped) return false;
    if (filter.soundness != Soundness::kSound && IsListed(part, collection.namespace_name)) {
      found_.damage.push_back(
          {.path = FilterPath(part.path), .offset = filter.offset, .reason = filter.reason});
    }
    return true;
  }

  // A merge or retention may have removed it meanwhile.
  bool IsListed(const Part& part, const std::string& namespace_name) {
    const auto now =
        ReadManifest(ManifestFolder(data_dir_, namespace_name), namespace_name, files_);
    if (!now) return true;
    const CollectionParts* parts = now->state->Find(part.collection);
    return parts != nullptr &&
           std::ranges::any_of(parts->parts, [&](const PartPtr& other) { return *other == part; });
  }

  void Note(const Part& part, const model::Collection& collection, const Verdict& verdict) {
    found_.damage.push_back(
        {.path = part.path,
         .offset = verdict.offset,
         .reason = verdict.reason,
         .namespace_name = collection.namespace_name,
         .collection = collection.name,
         .positions = {.first = part.min_position(), .last = part.max_position()},
         .rows = part.rows(),
         .min_time = part.info->min_time,
         .max_time = part.info->max_time});
  }

  Status CheckCarry() {
    const auto folder = data_dir_ / Carry::kFolder;
    for (int attempt = 1;; ++attempt) {
      ASSIGN_OR_RETURN(const std::uint64_t number, Carry::NewestNumber(folder, files_));
      if (number == 0) return Done{};
      auto read =
          ReadCarry(folder, number, files_, [](const wal::FrameView&) -> Status { return Done{}; });
      ASSIGN_OR_RETURN(const std::uint64_t now, Carry::NewestNumber(folder, files_));
      if (now != number && attempt < kAttemptsMax) continue;  // it was replaced meanwhile
      if (!read) return std::move(read).error();
      found_.carried_frames = read->frames;
      found_.bytes += read->header.bytes;
      NoteCarry(*read, number);
      return Done{};
    }
  }

  void NoteCarry(const CarryOutcome& read, std::uint64_t number) {
    const std::string folder = std::string(Carry::kFolder) + "/";
    if (!read.index_damage.empty()) {
      found_.damage.push_back(
          {.path = folder + CarryIndexName(number), .reason = read.index_damage});
    }
    if (read.damage.empty()) return;
    std::map<model::CollectionId, FoundDamage> by_collection;
    for (const CarryEntry& entry : read.lost) {
      if (entry.position <= sealed_[entry.collection]) continue;
      FoundDamage& lost = by_collection[entry.collection];
      if (lost.positions.empty()) lost.positions.first = entry.position;
      lost.positions.last = entry.position;
      lost.rows += entry.records;
    }
    const FoundDamage file{.path = folder + CarryFileName(number), .reason = read.damage};
    if (by_collection.empty()) found_.damage.push_back(file);
    for (auto& [id, lost] : by_collection) {
      lost.path = file.path;
      lost.reason = file.reason;
      lost.namespace_name = names_[id].namespace_name;
      lost.collection = names_[id].name;
      found_.damage.push_back(std::move(lost));
    }
  }

  const std::filesystem::path& data_dir_;
  os::FileSystem& files_;
  const Pace& pace_;
  StoreVerification found_;
  std::map<model::CollectionId, model::Collection> names_;
  std::map<model::CollectionId, Position> sealed_;
};

}  // namespace

Result<StoreVerification> VerifyStore(const std::filesystem::path& data_dir, os::FileSystem& files,
                                      const Pace& pace) {
  return Verifier(data_dir, files, pace).Run();
}

}  // namespace strata::store
