#include <iostream>
#include <memory>
#include <utility>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/serve.h"
#include "base/fault_point.h"
#include "os/quota_file_system.h"
#include "os/real_file_system.h"

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

// For tests of a full disk (os/quota_file_system.h); nullptr without one.
std::unique_ptr<os::FileSystem> QuotaOf(const Environment& environment,
                                        const std::filesystem::path& data_dir) {
  const auto quota = environment.find("STRATA_DISK_QUOTA");
  if (quota == environment.end() || quota->second.empty()) return nullptr;
  LogWarn("this process may write no more than a quota: it was started for a test of full disks",
          {{"STRATA_DISK_QUOTA", quota->second}});
  return std::make_unique<os::QuotaFileSystem>(os::RealFileSystem(), data_dir, quota->second);
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
  const auto quota = QuotaOf(sources.environment, loaded->config.data_dir);
  return Serve(loaded->config, quota ? *quota : os::RealFileSystem(),
               [config = loaded->config, &sources] { return ReloadConfig(config, sources); });
}

}  // namespace strata::app
