// How many files and sockets the process may have open.
#pragma once

#include <cstdint>

namespace strata::app {

// Raises the limit to the most that the system grants without asking (the hard limit), and returns
// it: shells start with 1,024, and each connection is one. Call it before the first listener.
std::uint64_t RaiseDescriptorLimit();

}  // namespace strata::app
