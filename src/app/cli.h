// The command line: `strata serve|query|wal|verify|…`. Knows CLI11; the commands do not.
#pragma once

namespace strata::app {

// Parses, runs the command and returns the exit code of the process (app/exit_code.h).
int RunCommandLine(int argc, const char* const* argv);

}  // namespace strata::app
