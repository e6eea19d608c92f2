// strata bench: the figures of bench/README.md, measured against a server that runs.
#pragma once

#include <string>
#include <vector>

namespace strata::app {

// `arguments`: what stands behind "bench" on the command line. Writes the figures to stdout;
// returns the exit code.
int RunBench(const std::vector<std::string>& arguments);

}  // namespace strata::app
