#include "os/quarantine.h"

namespace strata::os {

std::string QuarantinePath(const std::string& path) {
  return "quarantine/" + path;
}

Result<std::string> SetAside(const std::filesystem::path& data_dir, const std::string& path,
                             FileSystem& files) {
  ASSIGN_OR_RETURN(const bool is_there, files.Exists(data_dir / path));
  if (!is_there) return Error{Code::kNotFound, path + " is not there"};
  const std::string wanted = QuarantinePath(path);
  const std::filesystem::path folder = (data_dir / wanted).parent_path();
  RETURN_IF_ERROR(files.CreateDirectories(folder));
  std::string kept = wanted;
  for (int copy = 2;; ++copy) {
    ASSIGN_OR_RETURN(const bool taken, files.Exists(data_dir / kept));
    if (!taken) break;
    kept = wanted + "." + std::to_string(copy);
  }
  RETURN_IF_ERROR(files.Rename(data_dir / path, data_dir / kept));
  RETURN_IF_ERROR(files.SyncDirectory(folder));
  RETURN_IF_ERROR(files.SyncDirectory((data_dir / path).parent_path()));
  return kept;
}

}  // namespace strata::os
