// The invariants 1 to 5 of docs/architecture.md, of one state.
#pragma once

#include "model/state.h"

namespace strata::protocol {

// The first that is broken, as a sentence; nullptr: all hold.
const char* BrokenInvariant(const State& state);

}  // namespace strata::protocol
