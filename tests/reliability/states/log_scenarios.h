// What a log lives through, with the power cut at every call on the way.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "states/log_world.h"

namespace strata::reliability {

struct LogScenario {
  const char* name;
  void (*run)(LogWorld& world);
  wal::Config config;
  std::uint64_t disk_bytes = 1ULL << 40;
  bool buffered_only = false;  // else direct or buffered, as the seed says
  bool has_faults = false;     // of its own
};

std::span<const LogScenario> LogScenarios();
// The whole scenario, each of its states judged. `disk`: as which one lies, to prove that it shows.
void RunLogScenario(const LogScenario& scenario, Explorer& explorer, std::uint64_t seed,
                    const os::SimulatedDisk::Options& disk = {});
// The scenario with one fault. nullopt: it was over before; else empty or what was broken.
std::optional<std::string> RunLogFault(const LogScenario& scenario, const Fault& fault,
                                       std::uint64_t seed);

}  // namespace strata::reliability
