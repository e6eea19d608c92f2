#include "store/folders.h"

#include "base/fault_point.h"

namespace strata::store {

Status Folders::Ensure(const std::filesystem::path& folder) {
  {
    const MutexLock lock(mutex_);
    if (durable_.contains(folder.native())) return Done{};
  }
  const std::filesystem::path parent = folder.parent_path();
  if (folder == root_) {
    RETURN_IF_ERROR(files_.CreateDirectories(folder));
  } else {
    RETURN_IF_ERROR(Ensure(parent));
    RETURN_IF_ERROR(files_.CreateDirectory(folder));
  }
  FaultPoint<"store.folder.created">();
  RETURN_IF_ERROR(files_.SyncDirectory(parent.empty() ? std::filesystem::path(".") : parent));
  const MutexLock lock(mutex_);
  if (durable_.size() >= kKnownMax) durable_.clear();
  durable_.insert(folder.native());
  return Done{};
}

}  // namespace strata::store
