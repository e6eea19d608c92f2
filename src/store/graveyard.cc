#include "store/graveyard.h"

#include <utility>

#include "base/fault_point.h"
#include "base/log.h"

namespace strata::store {

void Graveyard::Bury(const PartPtr& part) {
  const MutexLock lock(mutex_);
  graves_.push_back({.part = part, .path = part->path, .has_filter = part->info->filter_bytes > 0});
}

std::size_t Graveyard::waiting() const {
  const MutexLock lock(mutex_);
  return graves_.size();
}

bool Graveyard::RemoveFiles(const Grave& grave) {
  std::vector<std::string> paths;
  if (grave.has_filter) paths.push_back(FilterPath(grave.path));
  paths.push_back(grave.path);
  for (const std::string& path : paths) {
    FaultPoint<"store.graveyard.removing">();
    const Status removed = files_.Remove(data_dir_ / path);
    if (!removed && removed.error().code != Code::kNotFound) {
      LogWarn("file of a part that is gone stays", removed.error(), {{"path", path}});
      return false;
    }
  }
  FaultPoint<"store.graveyard.removed">();
  return true;
}

std::size_t Graveyard::Sweep() {
  std::vector<Grave> free;
  {
    const MutexLock lock(mutex_);
    std::vector<Grave> pinned;
    for (Grave& grave : graves_) {
      (grave.part.expired() ? free : pinned).push_back(std::move(grave));
    }
    graves_ = std::move(pinned);
  }
  std::size_t removed = 0;
  for (Grave& grave : free) {
    if (RemoveFiles(grave)) {
      ++removed;
      continue;
    }
    const MutexLock lock(mutex_);
    graves_.push_back(std::move(grave));
  }
  return removed;
}

}  // namespace strata::store
