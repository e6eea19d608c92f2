// Everything that may happen next.
#pragma once

#include <functional>
#include <string>

#include "model/state.h"

namespace strata::protocol {

// What happened, for a trace: "admit request 2 at position 3".
struct Step {
  const char* what = "";
  std::uint8_t of = 0;
  std::uint8_t at = 0;
  std::string Text() const;
};

using Visit = std::function<void(const State&, const Step&)>;

// Calls `visit` with each state that one step leads to, always in the same order.
void ForEachStep(const State& state, const Config& config, const Visit& visit);

}  // namespace strata::protocol
