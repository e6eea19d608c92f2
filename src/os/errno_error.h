// errno values as Errors, the same from both file systems.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace strata::os {

// "write /data/log/7.wal: Input/output error".
Error ErrnoError(int number, std::string_view operation, const std::filesystem::path& path);

}  // namespace strata::os
