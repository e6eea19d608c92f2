// What a whole strata lives through, with the power cut at every call on the way.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "states/damage.h"
#include "states/stack_lives.h"
#include "states/stack_world.h"

namespace strata::reliability {

// One of `run` and `run_with_faults` is there.
struct StackScenario {
  const char* name;
  void (*run)(StackLives& lives) = nullptr;  // on any files
  StackConfig config = {};
  void (*run_with_faults)(StackWorld& world) = nullptr;  // of its own, for a simulated disk
  bool forgets = false;                                  // retention drops rows

  bool has_faults() const { return run == nullptr; }
};

std::span<const StackScenario> StackScenarios();
// As RunLogScenario().
void RunStackScenario(const StackScenario& scenario, PartFormat parts, Explorer& explorer,
                      std::uint64_t seed, os::SimulatedDisk::Options disk = {});
// The scenario with one fault. nullopt: it was over before; else empty or what was broken.
std::optional<std::string> RunStackFault(const StackScenario& scenario, PartFormat parts,
                                         const Fault& fault, std::uint64_t seed);

// Which file was damaged how, and empty or what was broken.
struct DamagedFile {
  std::string path;
  Damage damage;
  std::string broken;
};
// The scenario; then, so many times, a random damage to one of its files while nothing runs.
std::vector<DamagedFile> RunStackDamages(const StackScenario& scenario, std::uint64_t damages,
                                         std::uint64_t seed);

}  // namespace strata::reliability
