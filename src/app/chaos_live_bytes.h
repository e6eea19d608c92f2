// Which bytes of a data directory matter: those that a start or a query may read and that were
// durable when its last server ended. Bytes of released segments, gaps between frames and files
// that nothing refers to are not among them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/file_system.h"

namespace strata::app {

// Bytes [begin, end) of a file.
struct LiveBytes {
  std::string_view kind;       // "log", "part", …
  std::filesystem::path file;  // relative to the data directory
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// Of a directory on which no server runs. Requires: the last one was not killed, or `of_log_only`:
// whoever is killed leaves files that nothing refers to yet.
Result<std::vector<LiveBytes>> FindLiveBytes(const std::filesystem::path& data_dir,
                                             bool of_log_only, os::FileSystem& files);

}  // namespace strata::app
