// Keeps what does not read, out of the way: nothing that was durable once is ever thrown away
// unseen.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "os/file_system.h"

namespace strata::wal {

// Copies `bytes` at `offset` of `name` to quarantine/<name>.<offset>, durably. Once: an existing
// copy is left as it is.
Status QuarantineRange(os::FileSystem& files, const std::filesystem::path& directory,
                       const std::string& name, std::uint64_t offset, std::uint64_t bytes);

// Moves `name` to quarantine/, under a name that is not taken there.
Status QuarantineFile(os::FileSystem& files, const std::filesystem::path& directory,
                      const std::string& name);

}  // namespace strata::wal
