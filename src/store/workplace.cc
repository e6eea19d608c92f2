#include "store/workplace.h"

namespace strata::store {

Result<std::string> NewPartPath(const Workplace& at, const model::Collection& collection,
                                std::int64_t arrival_ns, Position first, Position last,
                                const std::string& taken) {
  const std::string folder = PartFolder(collection, arrival_ns);
  RETURN_IF_ERROR(at.files.CreateDirectories(at.config().data_dir / folder));
  for (std::uint32_t attempt = 0;; ++attempt) {
    std::string path = folder + "/" + PartFileName(first, last, attempt);
    ASSIGN_OR_RETURN(const bool exists, at.files.Exists(at.config().data_dir / path));
    if (!exists && path != taken) return path;
  }
}

void RemoveUnlisted(const Workplace& at, const std::string& path) {
  const std::string filter = FilterPath(path);
  for (const std::string& name : {path, filter, path + ".new", filter + ".new"}) {
    // Most of them are not there; what stays is collected at the next start.
    static_cast<void>(at.files.Remove(at.config().data_dir / name).has_value());
  }
}

}  // namespace strata::store
