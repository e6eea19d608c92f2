#include "store/adopt.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "base/log.h"
#include "os/quarantine.h"
#include "store/carry.h"
#include "store/check.h"
#include "store/coverage.h"

namespace strata::store {
namespace {

struct Stray {
  std::string path;
  wal::PositionRange positions;  // as its name says
};

// A part to be listed, and what it takes the place of: mostly nothing.
struct Adopted {
  PartPtr part;
  Coverage instead_of;
};

// A part that is not of that loss alone has other rows too: it was merged, or sealed from what a
// damaged carry file still had.
bool Told(const wal::PositionRange& positions, const LostRows& lost) {
  return !lost.file.starts_with(os::QuarantinePath(Carry::kFolder)) &&
         lost.positions.first <= positions.first && positions.last <= lost.positions.last;
}

class Adoption {
 public:
  explicit Adoption(const Workplace& at) : at_(at) {}

  // First all is decided, then listed, then moved: what fails on the way leaves every file where it
  // is, for the next start.
  Status Run(const std::vector<std::string>& paths) {
    std::map<model::CollectionId, std::vector<Stray>> strays;
    for (const std::string& path : paths) {
      const Stray stray{.path = path, .positions = PositionsOf(path)};
      const model::Collection* collection = CollectionOf(path);
      if (collection != nullptr && !stray.positions.empty()) {
        strays[collection->id].push_back(stray);
      } else {
        refused_[path] = "its collection is not known";
      }
    }
    std::map<std::string, Edit> edits;  // by namespace
    for (auto& [id, of] : strays) {
      // Of two that begin together the longer one is what the other was merged into.
      std::ranges::sort(of, {}, [](const Stray& stray) {
        return std::pair(stray.positions.first, ~stray.positions.last);
      });
      const model::Collection& collection = *at_.collections.Find(id);
      RETURN_IF_ERROR(Take(collection, of, edits[collection.namespace_name]));
    }
    for (const auto& [namespace_name, edit] : edits) {
      if (!edit.empty()) RETURN_IF_ERROR(Apply(namespace_name, edit));
    }
    for (const std::string& path : replaced_) RemoveUnlisted(at_, path);  // if it is there
    for (const auto& [path, reason] : refused_) RETURN_IF_ERROR(Refuse(path, reason));
    return Done{};
  }

  AdoptReport TakeReport() { return std::move(report_); }

 private:
  const model::Collection* CollectionOf(const std::string& path) const {
    for (const model::Collection* collection : at_.collections.All()) {
      if (path.starts_with(CollectionFolder(*collection) + "/")) return collection;
    }
    return nullptr;
  }

  Status Take(const model::Collection& collection, const std::vector<Stray>& strays, Edit& edit) {
    const ManifestPtr manifest = at_.manifests.Pin(collection.namespace_name);
    const CollectionParts* parts = manifest->Find(collection.id);
    if (parts == nullptr) {
      for (const Stray& stray : strays) {
        refused_[stray.path] = "its collection is not in the manifest";
      }
      return Done{};
    }
    std::vector<Adopted> adopted;
    std::vector<PartPtr> damaged;
    for (const Stray& stray : strays) {
      std::string known = WhoHas(stray.positions, *parts, adopted);
      const auto covered = known.empty() ? std::optional(Coverage{})
                                         : WhatItReplaces(stray.positions, *parts, adopted);
      if (!covered) {
        refused_[stray.path] = std::move(known);
        continue;
      }
      ASSIGN_OR_RETURN(PartPtr part, Describe(collection, stray));
      const bool is_whole = part->info->bytes != kNotDescribed;
      if (known.empty() && !is_whole) {
        damaged.push_back(std::move(part));
      } else if (known.empty() || (is_whole && part->rows() == covered->rows)) {
        adopted.push_back({WithArrivalsOf(*covered, std::move(part)), *covered});
      } else {
        refused_[stray.path] = std::move(known);
      }
    }
    for (PartPtr& part : damaged) {
      std::string known = WhoHas({part->min_position(), part->max_position()}, *parts, adopted);
      if (!known.empty()) {
        refused_[part->path] = std::move(known);
        continue;
      }
      report_.damaged.push_back(part->path);
      adopted.push_back({std::move(part), {}});
    }
    Add(*parts, adopted, edit);
    return Done{};
  }

  static bool MeetsAdopted(const wal::PositionRange& positions,
                           const std::vector<Adopted>& adopted) {
    return std::ranges::any_of(adopted, [&](const Adopted& other) {
      return Meet(positions, {other.part->min_position(), other.part->max_position()});
    });
  }

  // A merge whose edit was lost when its inputs were gone already: the manifest lists them, or
  // tells them as lost, and the part that they were merged into has their rows. nullopt: it is
  // none.
  std::optional<Coverage> WhatItReplaces(const wal::PositionRange& positions,
                                         const CollectionParts& parts,
                                         const std::vector<Adopted>& adopted) const {
    if (MeetsAdopted(positions, adopted)) return std::nullopt;
    const auto told = [&](const LostRows& lost) { return Told(positions, lost); };
    if (std::ranges::any_of(parts.lost, told)) return std::nullopt;
    auto covered = CoverageOf(parts, positions);
    if (!covered) return std::nullopt;
    const bool needed =
        !covered->lost.empty() || std::ranges::any_of(covered->parts, [&](const PartPtr& part) {
          return GlanceAtPart(*part, at_.config().data_dir, at_.files).is_damage();
        });
    return needed ? covered : std::nullopt;
  }

  static PartPtr WithArrivalsOf(const Coverage& covered, PartPtr part) {
    if (covered.parts.empty() && covered.lost.empty()) return part;
    Part dated = *part;
    dated.first_arrival_ns = std::numeric_limits<std::int64_t>::max();
    dated.last_arrival_ns = std::numeric_limits<std::int64_t>::min();
    const auto note = [&](std::int64_t first_ns, std::int64_t last_ns) {
      dated.first_arrival_ns = std::min(dated.first_arrival_ns, first_ns);
      dated.last_arrival_ns = std::max(dated.last_arrival_ns, last_ns);
    };
    for (const PartPtr& input : covered.parts) {
      note(input->first_arrival_ns, input->last_arrival_ns);
    }
    for (const LostRows& lost : covered.lost) note(lost.last_arrival_ns, lost.last_arrival_ns);
    return std::make_shared<const Part>(std::move(dated));
  }

  // Empty, or why a part with these positions is of no use.
  static std::string WhoHas(const wal::PositionRange& positions, const CollectionParts& parts,
                            const std::vector<Adopted>& adopted) {
    const auto meets = [&](const PartPtr& part) {
      return Meet(positions, {part->min_position(), part->max_position()});
    };
    if (std::ranges::any_of(parts.parts, meets)) return "listed parts have its rows";
    if (MeetsAdopted(positions, adopted)) return "another part has its rows";
    if (std::ranges::any_of(parts.dropped, [&](const auto& r) { return Meet(positions, r); })) {
      return "retention has dropped its rows";
    }
    if (std::ranges::any_of(parts.lost, [&](const auto& lost) { return Told(positions, lost); })) {
      return "its rows are listed as lost";
    }
    return {};
  }

  void Add(const CollectionParts& parts, const std::vector<Adopted>& adopted, Edit& edit) {
    Position sealed = parts.sealed;
    for (const auto& [part, instead_of] : adopted) {
      sealed = std::max(sealed, part->max_position());
      report_.adopted_rows += part->rows();
      AddInstead(part, instead_of, edit);
      for (const PartPtr& input : instead_of.parts) replaced_.push_back(input->path);
    }
    report_.adopted += adopted.size();
    if (sealed > parts.sealed) edit.emplace_back(SetSealed{parts.collection.id, sealed});
  }

  // What cannot be read now may be the only copy of its rows: that ends the start. What can be read
  // and does not decode is listed all the same, as damaged.
  Result<PartPtr> Describe(const model::Collection& collection, const Stray& stray) {
    auto info = Read(collection, stray);
    // What a cable or memory did to one reading is no damage of the disk.
    if (!info && info.error().code == Code::kCorrupt) info = Read(collection, stray);
    if (!info && info.error().code != Code::kCorrupt) {
      return std::move(info).error().Within(
          stray.path +
          " has to be read, for the manifest's entry of it is damaged; nothing was changed (start "
          "again when it can be read, or move it out of the data directory)");
    }
    if (!info) {
      LogError("a part that a lost edit of the manifest listed does not decode",
               {{"path", stray.path}, {"reason", info.error().message}});
      info = duck::PartInfo{.bytes = kNotDescribed,
                            .min_position = stray.positions.first,
                            .max_position = stray.positions.last};
    }
    // When its rows came is not known: for retention they came now, so that none goes too early.
    const std::int64_t now_ns = at_.clock.WallNanos();
    return PartPtr(std::make_shared<const Part>(
        Part{.collection = collection.id,
             .path = stray.path,
             .first_arrival_ns = now_ns,
             .last_arrival_ns = now_ns,
             .info = std::make_shared<const duck::PartInfo>(*std::move(info))}));
  }

  Result<duck::PartInfo> Read(const model::Collection& collection, const Stray& stray) {
    const auto path = at_.config().data_dir / stray.path;
    ASSIGN_OR_RETURN(duck::PartInfo info, at_.writer.Describe(collection.kind, path.native()));
    if (info.min_position != stray.positions.first || info.max_position != stray.positions.last) {
      return Error{Code::kCorrupt, "it has other positions than its name says"};
    }
    return info;
  }

  Status Refuse(const std::string& path, const std::string& reason) {
    ASSIGN_OR_RETURN(std::string kept, os::SetAside(at_.config().data_dir, path, at_.files));
    const Status filter = SetAsideFilter(path);
    LogError("a part that no manifest lists was moved to quarantine",
             {{"path", kept},
              {"reason", reason},
              {"first_position", PositionsOf(path).first},
              {"last_position", PositionsOf(path).last}});
    report_.set_aside.push_back(std::move(kept));
    return filter;
  }

  Status SetAsideFilter(const std::string& path) {
    auto kept = os::SetAside(at_.config().data_dir, FilterPath(path), at_.files);
    if (kept || kept.error().code == Code::kNotFound) return Done{};
    return std::move(kept).error();
  }

  // After an error a crash may still bring the edit back, so that its parts have to stay.
  Status Apply(const std::string& namespace_name, const Edit& edit) {
    Status applied = at_.manifests.Apply(namespace_name, edit);
    if (!applied) {
      return std::move(applied).error().Within(
          "list parts again whose entries in the manifest are damaged");
    }
    LogWarn("parts that a lost edit of the manifest listed are listed again",
            {{"namespace", namespace_name}, {"parts", report_.adopted}});
    return Done{};
  }

  const Workplace& at_;
  AdoptReport report_;
  std::map<std::string, std::string> refused_;  // why, by path
  std::vector<std::string> replaced_;           // paths of parts that are listed no more
};

}  // namespace

Result<AdoptReport> AdoptStrays(const std::vector<std::string>& strays, const Workplace& at) {
  Adoption adoption(at);
  RETURN_IF_ERROR(adoption.Run(strays));
  return adoption.TakeReport();
}

}  // namespace strata::store
