#include "app/config_load.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

#include "app/settings.h"

namespace strata::app {
namespace {

// Read by strata, but not settings.
const std::set<std::string>& OtherVariables() {
  static const auto& names =
      *new std::set<std::string>{"STRATA_CONFIG", "STRATA_FAULT_POINT", "STRATA_DISK_QUOTA"};
  return names;
}

std::optional<std::string> Variable(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  if (found == environment.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

// The file that is read, or nothing: only a file that was asked for by name has to exist.
std::optional<std::filesystem::path> FindFile(const ConfigSources& sources) {
  if (sources.file) return sources.file;
  if (auto named = Variable(sources.environment, "STRATA_CONFIG")) return *named;
  std::vector<std::filesystem::path> places;
  if (auto xdg = Variable(sources.environment, "XDG_CONFIG_HOME")) {
    places.push_back(std::filesystem::path(*xdg) / "strata/strata.yaml");
  } else if (auto home = Variable(sources.environment, "HOME")) {
    places.push_back(std::filesystem::path(*home) / ".config/strata/strata.yaml");
  }
  if (sources.root) places.emplace_back("/etc/strata/strata.yaml");
  for (const auto& place : places) {
    std::error_code ignored;
    if (std::filesystem::exists(place, ignored)) return place;
  }
  return std::nullopt;
}

Result<std::string> ReadText(const std::filesystem::path& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) {
    return Error{Code::kInvalidInput, path.string() + ": is a directory, not a file of settings"};
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return Error{Code::kInvalidInput,
                 path.string() + ": cannot be read: " + std::generic_category().message(errno)};
  }
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Status Apply(LoadedConfig& loaded, const std::string& name, const std::string& text,
             const std::string& origin, const std::string& where) {
  const Setting* setting = FindSetting(name);
  CHECK(setting != nullptr);
  if (auto set = setting->set(loaded.config, text); !set) {
    return std::move(set).error().Within(where);
  }
  loaded.origins[name] = origin;
  return Done{};
}

Status ApplyFile(LoadedConfig& loaded, const ConfigSources& sources) {
  loaded.file = FindFile(sources);
  if (!loaded.file) return Done{};
  const std::string file = loaded.file->string();
  ASSIGN_OR_RETURN(const std::string yaml, ReadText(*loaded.file));
  ASSIGN_OR_RETURN(const auto assignments, ReadSettings(yaml, file, sources.environment));
  std::string problems;
  for (const Assignment& assignment : assignments) {
    const std::string place = file + ":" + std::to_string(assignment.line);
    auto applied =
        Apply(loaded, assignment.name, assignment.text, place, place + ": " + assignment.name);
    if (applied) continue;
    if (!problems.empty()) problems += '\n';
    problems += applied.error().message;
  }
  if (!problems.empty()) return Error{Code::kInvalidInput, std::move(problems)};
  return Done{};
}

Status ApplyEnvironment(LoadedConfig& loaded, const Environment& environment) {
  std::vector<std::string> names;
  for (const Setting& setting : Settings()) {
    names.push_back(setting.Environment());
    const auto value = Variable(environment, names.back());
    if (!value) continue;
    RETURN_IF_ERROR(Apply(loaded, std::string(setting.name), *value, "environment " + names.back(),
                          names.back()));
  }
  for (const auto& [name, value] : environment) {
    if (!name.starts_with("STRATA_") || OtherVariables().contains(name)) continue;
    const std::string near = Nearest(name, names);
    // Others may own names of this form (Kubernetes sets STRATA_PORT), so only a near miss counts.
    if (near.empty() || near == name) continue;
    loaded.warnings.push_back(
        std::string(name).append(" is not a setting; did you mean ").append(near).append("?"));
  }
  return Done{};
}

// With small segments the default limits of a request follow; a limit that was set does not.
void FitDefaults(LoadedConfig& loaded) {
  const Size most = loaded.config.RequestBytesMax();
  const auto fit = [&](const char* name, Size& limit) {
    if (limit <= most || loaded.origins.contains(name)) return;
    limit = most;
    loaded.origins[name] = "default, as log.segment_bytes allows";
  };
  fit("limits.http_body", loaded.config.limits.http_body);
  fit("limits.grpc_message", loaded.config.limits.grpc_message);
}

}  // namespace

Result<LoadedConfig> LoadConfig(const ConfigSources& sources) {
  LoadedConfig loaded{.config = DefaultConfig(sources.root)};
  RETURN_IF_ERROR(ApplyFile(loaded, sources));
  RETURN_IF_ERROR(ApplyEnvironment(loaded, sources.environment));
  for (const auto& [name, text] : sources.flags) {
    const std::string flag = FindSetting(name)->Flag();
    RETURN_IF_ERROR(Apply(loaded, name, text, "flag " + flag, flag));
  }
  FitDefaults(loaded);
  RETURN_IF_ERROR(loaded.config.Validate());
  return loaded;
}

std::string OriginOf(const LoadedConfig& loaded, std::string_view setting) {
  const auto found = loaded.origins.find(std::string(setting));
  return found == loaded.origins.end() ? "default" : found->second;
}

Result<Config> ReloadConfig(const Config& running, const ConfigSources& sources) {
  ASSIGN_OR_RETURN(LoadedConfig loaded, LoadConfig(sources));
  std::string fixed;
  for (const Setting& setting : Settings()) {
    if (setting.live || setting.get(running) == setting.get(loaded.config)) continue;
    if (!fixed.empty()) fixed += ", ";
    fixed += setting.name;
  }
  if (fixed.empty()) return std::move(loaded.config);
  return Error{Code::kConflict, "only a restart applies a new value of " + fixed};
}

}  // namespace strata::app
