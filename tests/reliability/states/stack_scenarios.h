// What a whole strata lives through, with the power cut at every call on the way.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "states/stack_world.h"

namespace strata::reliability {

struct StackScenario {
  const char* name;
  void (*run)(StackWorld& world);
  StackConfig config;
  bool has_faults = false;  // of its own
};

std::span<const StackScenario> StackScenarios();
// As RunLogScenario().
void RunStackScenario(const StackScenario& scenario, PartFormat parts, Explorer& explorer,
                      std::uint64_t seed, os::SimulatedDisk::Options disk = {});
// The scenario with one fault. nullopt: it was over before; else empty or what was broken.
std::optional<std::string> RunStackFault(const StackScenario& scenario, PartFormat parts,
                                         const Fault& fault, std::uint64_t seed);

}  // namespace strata::reliability
