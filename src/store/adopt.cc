#include "store/adopt.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/log.h"
#include "os/quarantine.h"

namespace strata::store {
namespace {

struct Stray {
  std::string path;
  wal::PositionRange positions;  // as its name says
};

class Adoption {
 public:
  explicit Adoption(const Workplace& at) : at_(at) {}

  Status Run(const std::vector<std::string>& paths) {
    std::map<model::CollectionId, std::vector<Stray>> strays;
    for (const std::string& path : paths) {
      const Stray stray{.path = path, .positions = PositionsOf(path)};
      const model::Collection* collection = CollectionOf(path);
      if (collection != nullptr && !stray.positions.empty()) {
        strays[collection->id].push_back(stray);
      } else {
        RETURN_IF_ERROR(Refuse(path, "its collection is not known"));
      }
    }
    std::map<std::string, Edit> edits;  // by namespace
    for (auto& [id, of] : strays) {
      std::ranges::sort(of, {}, [](const Stray& stray) { return stray.positions.first; });
      const model::Collection& collection = *at_.collections.Find(id);
      RETURN_IF_ERROR(Take(collection, of, edits[collection.namespace_name]));
    }
    // One edit: after it, a stray that is not listed is of no use.
    for (const auto& [namespace_name, edit] : edits) {
      if (!edit.empty()) RETURN_IF_ERROR(Apply(namespace_name, edit));
    }
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
        RETURN_IF_ERROR(Refuse(stray.path, "its collection is not in the manifest"));
      }
      return Done{};
    }
    Position sealed = parts->sealed;
    Position taken = 0;  // of the strays before
    for (const Stray& stray : strays) {
      const bool doubled =
          stray.positions.first <= taken || std::ranges::any_of(parts->parts, [&](const auto& p) {
            return p->min_position() <= stray.positions.last &&
                   p->max_position() >= stray.positions.first;
          });
      if (doubled) {
        RETURN_IF_ERROR(Refuse(stray.path, "listed parts have its rows"));
        continue;
      }
      auto part = Describe(collection, stray);
      if (!part) {
        RETURN_IF_ERROR(Refuse(stray.path, part.error().message));
        continue;
      }
      taken = (*part)->max_position();
      sealed = std::max(sealed, taken);
      report_.adopted_rows += (*part)->rows();
      ++report_.adopted;
      edit.emplace_back(AddPart{*std::move(part)});
    }
    if (sealed > parts->sealed) edit.emplace_back(SetSealed{collection.id, sealed});
    return Done{};
  }

  Result<PartPtr> Describe(const model::Collection& collection, const Stray& stray) {
    const auto path = at_.config().data_dir / stray.path;
    ASSIGN_OR_RETURN(duck::PartInfo info, at_.writer.Describe(collection.kind, path.native()));
    if (info.min_position != stray.positions.first || info.max_position != stray.positions.last) {
      return Error{Code::kCorrupt, "it has other positions than its name says"};
    }
    // When its rows came is not known: for retention they came now, so that none goes too early.
    const std::int64_t now_ns = at_.clock.WallNanos();
    return std::make_shared<const Part>(
        Part{.collection = collection.id,
             .path = stray.path,
             .first_arrival_ns = now_ns,
             .last_arrival_ns = now_ns,
             .info = std::make_shared<const duck::PartInfo>(std::move(info))});
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

  Status Apply(const std::string& namespace_name, const Edit& edit) {
    const Status applied = at_.manifests.Apply(namespace_name, edit);
    if (applied) {
      LogWarn("parts that a lost edit of the manifest listed are listed again",
              {{"namespace", namespace_name}, {"parts", report_.adopted}});
      return Done{};
    }
    // The next start must not take them for leftovers.
    for (const Operation& operation : edit) {
      const auto* add = std::get_if<AddPart>(&operation);
      if (add != nullptr) RETURN_IF_ERROR(Refuse(add->part->path, applied.error().message));
    }
    return Done{};
  }

  const Workplace& at_;
  AdoptReport report_;
};

}  // namespace

Result<AdoptReport> AdoptStrays(const std::vector<std::string>& strays, const Workplace& at) {
  Adoption adoption(at);
  RETURN_IF_ERROR(adoption.Run(strays));
  return adoption.TakeReport();
}

}  // namespace strata::store
