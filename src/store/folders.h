// Folders whose names are known to be durable. A folder that exists may still be lost with the
// power: whoever made it may have died, or failed, before its parent was synced. So each is synced
// once by every process, whoever made it.
//
// Threads: any.
#pragma once

#include <filesystem>
#include <string>
#include <unordered_set>

#include "base/mutex.h"
#include "base/result.h"
#include "os/file_system.h"

namespace strata::store {

class Folders {
 public:
  // `root` is durable, or is made so first.
  Folders(std::filesystem::path root, os::FileSystem& files)
      : root_(std::move(root)), files_(files) {}

  // Makes `folder` (below the root) and all between, durably.
  Status Ensure(const std::filesystem::path& folder);

 private:
  // More than this many are forgotten, and synced again when they are needed.
  static constexpr std::size_t kKnownMax = 10'000;

  const std::filesystem::path root_;
  os::FileSystem& files_;
  Mutex mutex_;
  std::unordered_set<std::string> durable_ GUARDED_BY(mutex_);
};

}  // namespace strata::store
