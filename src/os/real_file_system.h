// The machine's files. No state; paths are taken as they are.
#pragma once

#include "os/file_system.h"

namespace strata::os {

// Thread-safe, lives for ever.
FileSystem& RealFileSystem();

}  // namespace strata::os
