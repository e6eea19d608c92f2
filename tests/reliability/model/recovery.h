// The machine stops, and starts again.
#pragma once

#include "model/state.h"
#include "model/steps.h"

namespace strata::protocol {

// Every state that a start may find and make of it: each write that was not synced is there or not,
// on its own.
void ForEachCrash(const State& state, const Config& config, const Visit& visit);

}  // namespace strata::protocol
