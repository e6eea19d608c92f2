// What a process on this machine has used, read from /proc.
#pragma once

#include <cstdint>

#include <sys/types.h>

#include "base/result.h"

namespace strata::app {

struct ProcessUse {
  double cpu_seconds = 0;            // user and system, all threads; steps of 10 ms
  std::uint64_t resident_bytes = 0;  // now
  std::uint64_t resident_peak_bytes = 0;
};

Result<ProcessUse> ReadProcessUse(pid_t pid);

// The process that listens on a TCP port of this machine. kNotFound: none, or one that the caller
// may not look into.
Result<pid_t> FindListener(std::uint16_t port);

}  // namespace strata::app
