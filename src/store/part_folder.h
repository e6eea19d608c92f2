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
  std::uint64_t orphans_quarantined = 0;  // the same of a doubtful namespace
  // Listed, but missing or of another size: their rows cannot be read.
  std::vector<PartPtr> missing;
};

// Requires: `manifests` are all there are, and no part is being written. Removes orphans and
// folders that are empty. Parts of namespaces whose manifest is missing or ends in a torn edit are
// moved to quarantine/parts instead: should the edit have been damaged after it was durable, they
// are the only copy. Files with other names than ours are left alone.
Result<PartFolderReport> TidyPartFolder(const std::filesystem::path& data_dir,
                                        const std::vector<ManifestPtr>& manifests,
                                        const std::set<std::string>& torn_namespaces,
                                        os::FileSystem& files);

}  // namespace strata::store
