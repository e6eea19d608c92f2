// A log on the machine's own file system, of which the n-th call of the C library fails.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "states/faulted_calls.h"

namespace strata::reliability {

// Runs some lives of a log in a fresh folder below `place` with the plan. nullopt: they were over
// before; else empty or the promise that was broken.
std::optional<std::string> RunRealLogFault(const std::filesystem::path& place, const CallPlan& plan,
                                           std::uint64_t seed);

}  // namespace strata::reliability
