// Graveyard: files of parts that left the manifest, removed once nobody can be reading them.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "os/file_system.h"
#include "store/part.h"

namespace strata::store {

class Graveyard {
 public:
  Graveyard(std::filesystem::path data_dir, os::FileSystem& files)
      : data_dir_(std::move(data_dir)), files_(files) {}

  // Requires: the manifest no longer lists the part, durably.
  void Bury(const PartPtr& part);

  // Removes the files of those that no pinned snapshot lists any more; the others wait. A file that
  // cannot be removed is tried again at the next sweep, and collected at the next start. Returns
  // how many parts were removed.
  std::size_t Sweep();

  std::size_t waiting() const;

 private:
  struct Grave {
    std::weak_ptr<const Part> part;
    std::string path;
    bool has_filter = false;
  };
  bool RemoveFiles(const Grave& grave);

  const std::filesystem::path data_dir_;
  os::FileSystem& files_;
  mutable Mutex mutex_;
  std::vector<Grave> graves_ GUARDED_BY(mutex_);
};

}  // namespace strata::store
