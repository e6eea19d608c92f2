// Breadth first through every state that the protocol can reach, until an invariant breaks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/state.h"

namespace strata::protocol {

struct Verdict {
  std::uint64_t states = 0;
  std::uint64_t steps = 0;         // that were taken, those to a known state included
  std::uint32_t depth = 0;         // of the deepest state
  bool complete = true;            // false: `states_max` was reached first
  std::string broken;              // the invariant; empty: none
  std::vector<std::string> trace;  // the shortest way there
};

Verdict Explore(const Config& config, std::uint64_t states_max);

}  // namespace strata::protocol
