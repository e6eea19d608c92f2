// All of strata on the machine's own file system, of which the n-th call of the C library fails.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "states/faulted_calls.h"
#include "states/stack_scenarios.h"

namespace strata::reliability {

// Runs the scenario, which has no faults of its own, in a fresh folder below `place` with the plan.
// nullopt: it was over before; else empty or the promise that was broken.
std::optional<std::string> RunRealStackFault(const StackScenario& scenario, PartFormat parts,
                                             const std::filesystem::path& place,
                                             const CallPlan& plan, std::uint64_t seed);

}  // namespace strata::reliability
