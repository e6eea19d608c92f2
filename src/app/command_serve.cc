#include <iostream>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/serve.h"

namespace strata::app {

int RunServe(const ConfigSources& sources) {
  const auto loaded = LoadConfig(sources);
  if (!loaded) {
    std::cerr << loaded.error().message << '\n';
    return kExitConfig;
  }
  ConfigureLog({.level = loaded->config.logging.level, .format = loaded->config.logging.format});
  for (const std::string& warning : loaded->warnings) LogWarn(warning);
  return Serve(loaded->config,
               [config = loaded->config, &sources] { return ReloadConfig(config, sources); });
}

}  // namespace strata::app
