#include <iostream>
#include <utility>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/serve.h"
#include "base/fault_point.h"

namespace strata::app {
namespace {

Status ArmFaultPoints(const Environment& environment) {
  const auto spec = environment.find("STRATA_FAULT_POINT");
  if (spec == environment.end() || spec->second.empty()) return Done{};
  if (auto armed = ArmFaultPoint(spec->second); !armed) {
    return std::move(armed).error().Within("STRATA_FAULT_POINT");
  }
  LogWarn("this process kills itself: it was started for a test of crashes",
          {{"STRATA_FAULT_POINT", spec->second}});
  return Done{};
}

}  // namespace

int RunServe(const ConfigSources& sources) {
  const auto loaded = LoadConfig(sources);
  if (!loaded) {
    std::cerr << loaded.error().message << '\n';
    return kExitConfig;
  }
  ConfigureLog({.level = loaded->config.logging.level, .format = loaded->config.logging.format});
  for (const std::string& warning : loaded->warnings) LogWarn(warning);
  if (auto armed = ArmFaultPoints(sources.environment); !armed) {
    std::cerr << armed.error().message << '\n';
    return kExitConfig;
  }
  return Serve(loaded->config,
               [config = loaded->config, &sources] { return ReloadConfig(config, sources); });
}

}  // namespace strata::app
