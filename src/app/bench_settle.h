// Waiting until a server has nothing left to seal or merge.
#pragma once

#include <string>

#include <sys/types.h>

#include "app/bench_process.h"
#include "base/result.h"

namespace strata::app {

// Polls the server's /metrics until it holds no row in memory that is not in a part, and its CPU
// has come to rest (merging). Returns its use then. kTimeout: not within ten minutes.
Result<ProcessUse> WaitUntilSealed(const std::string& api_url, pid_t pid);

}  // namespace strata::app
