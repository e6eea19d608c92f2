// Where `strata chaos` works: a new folder below the one that the user named, and a folder for the
// clients' ledgers on another file system where there is one.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "base/result.h"
#include "os/file_system.h"

namespace strata::app {

struct ChaosPlace {
  std::filesystem::path work;
  std::filesystem::path ledgers;
  bool ledgers_apart = false;  // on another file system than `work`
  // Folders above `work` that were not there before, the lowest first.
  std::vector<std::filesystem::path> made;

  // Makes both folders. kExhausted: less than `free_min_bytes` are free there. kConflict: it lies
  // among the files of a data directory.
  static Result<ChaosPlace> Make(const std::filesystem::path& parent, std::uint64_t free_min_bytes,
                                 os::FileSystem& files);
  // Removes both with all that is in them, and what else was made unless something else is there
  // by now.
  Status Remove(os::FileSystem& files) const;
};

}  // namespace strata::app
