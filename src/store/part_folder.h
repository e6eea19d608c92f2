// The folder of all parts, compared at start with what the manifests list.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "os/file_system.h"
#include "store/manifest_state.h"

namespace strata::store {

struct PartFolderReport {
  std::uint64_t orphans_removed = 0;  // files that no manifest lists: a crash interrupted a change
  // Parts that no manifest lists: of namespaces whose manifest is missing or doubtful, or with
  // positions that are listed as lost, or of a listed part that is missing. Perhaps the only copy
  // of their rows. Relative to the data directory, in order of names.
  std::vector<std::string> strays;
  // Listed, but missing, of another size, or not to be looked at.
  std::vector<PartPtr> missing;
};

// Requires: `manifests` are all there are, and no part is being written. Removes orphans, but for
// strays, and folders that are empty. Files with other names than ours are left alone. kNotFound:
// none of the listed parts is there.
Result<PartFolderReport> TidyPartFolder(const std::filesystem::path& data_dir,
                                        const std::vector<ManifestPtr>& manifests,
                                        const std::set<std::string>& doubtful_namespaces,
                                        os::FileSystem& files);

}  // namespace strata::store
