// Quarantine: where files go that do not read back, for a person to look at. Nothing in it is ever
// read, written or deleted by strata.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "os/file_system.h"

namespace strata::os {

// "quarantine/<path>": a file keeps its place below the folder of quarantine.
std::string QuarantinePath(const std::string& path);

// Moves the file at `path`, relative to the data directory, there, under a name that is not taken;
// durable on success. Returns its new path, relative too. kNotFound: there is no such file.
Result<std::string> SetAside(const std::filesystem::path& data_dir, const std::string& path,
                             FileSystem& files);

}  // namespace strata::os
