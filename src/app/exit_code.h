// What the process ends with. docs/operations.md lists these; scripts rely on them.
#pragma once

#include "base/result.h"

namespace strata::app {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailure = 1,
  kExitUsage = 2,    // unknown flag or command, missing argument, wrong value of a flag
  kExitPartial = 3,  // an incomplete answer, or a check that found differences
  kExitNotFound = 4,
  kExitPermission = 5,
  kExitConflict = 6,     // the data directory is locked, an address is in use
  kExitUnavailable = 7,  // retry later
  kExitConfig = 78,      // EX_CONFIG of sysexits.h
  kExitTimeout = 124,    // as of timeout(1)
  kExitInterrupted = 130,
  kExitTerminated = 143,
};

ExitCode ExitCodeOf(Code code);

// The exit code that goes with an HTTP status; 2xx is kExitOk.
ExitCode ExitCodeOfHttp(int status);

}  // namespace strata::app
