#include <iostream>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/settings.h"

namespace strata::app {
namespace {

int Refuse(const Error& error) {
  std::cerr << error.message << '\n';
  return kExitConfig;
}

// As a YAML scalar that reads back as the same text.
std::string Quoted(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_-:";
  const bool plain = text.find_first_not_of(kPlain) == std::string::npos && text != "null" &&
                     text.find_first_of("-:") != 0 && !text.ends_with(':') && !text.empty();
  if (plain) return text;
  std::string quoted = "'";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') quoted += '\'';
    if (text.substr(i, 2) == "${") quoted += '$';
    quoted += text[i];
  }
  return quoted + "'";
}

void PrintSetting(const Setting& setting, const LoadedConfig& loaded, bool with_origin,
                  std::string& section) {
  const std::string name(setting.name);
  const std::size_t dot = name.find('.');
  const std::string owner = dot == std::string::npos ? "" : name.substr(0, dot);
  if (owner != section && !owner.empty()) std::cout << owner << ":\n";
  section = owner;
  if (!owner.empty()) std::cout << "  ";
  std::cout << (owner.empty() ? name : name.substr(dot + 1)) << ": "
            << Quoted(setting.get(loaded.config));
  if (with_origin) std::cout << "  # " << OriginOf(loaded, name);
  std::cout << '\n';
}

}  // namespace

int RunConfigCheck(const ConfigSources& sources) {
  const auto loaded = LoadConfig(sources);
  if (!loaded) return Refuse(loaded.error());
  for (const std::string& warning : loaded->warnings) std::cerr << "warning: " << warning << '\n';
  std::cout << "valid: "
            << (loaded->file ? loaded->file->string()
                             : std::string("no file, so defaults, "
                                           "environment and flags"))
            << '\n';
  return kExitOk;
}

int RunConfigPrint(const ConfigSources& sources, bool with_origin) {
  const auto loaded = LoadConfig(sources);
  if (!loaded) return Refuse(loaded.error());
  std::string section;
  for (const Setting& setting : Settings()) PrintSetting(setting, *loaded, with_origin, section);
  return kExitOk;
}

int RunConfigDocs() {
  std::cout << ConfigurationPage();
  return kExitOk;
}

}  // namespace strata::app
