// One configuration out of four sources: flag over environment over file over default.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/config_file.h"

namespace strata::app {

// Kept while strata serves: SIGHUP loads from the same sources again.
struct ConfigSources {
  std::map<std::string, std::string> flags = {};   // setting -> text, as given on the command line
  std::optional<std::filesystem::path> file = {};  // --config
  Environment environment = {};
  bool root = false;
};

struct LoadedConfig {
  Config config;
  std::map<std::string, std::string> origins =
      {};  // setting -> "flag --x", "strata.yaml:3"; or absent
  std::optional<std::filesystem::path> file = {};  // the file that was read
  std::vector<std::string> warnings = {};  // a variable that looks like a setting but is none
};

// A wrong value names its origin: "STRATA_HOT_MEMORY: 'lots' is not a size: …".
Result<LoadedConfig> LoadConfig(const ConfigSources& sources);

// "default" where nothing set it.
std::string OriginOf(const LoadedConfig& loaded, std::string_view setting);

// Loads again for SIGHUP. Refused whole when it is wrong or changes a setting that only a restart
// applies; the settings that may change are marked live in app/settings.cc.
Result<Config> ReloadConfig(const Config& running, const ConfigSources& sources);

}  // namespace strata::app
