// The one list of settings. The YAML reader, the environment, the command line, `strata config` and
// docs/configuration.md are all derived from it: a new setting is a field in Config and a row here.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"

namespace strata::app {

struct Setting {
  std::string_view name;   // as in YAML: listen.otlp_grpc
  std::string_view help;   // one sentence
  std::string kind;        // what a value looks like: size, duration, address, "group|interval", …
  bool flag_only = false;  // a bool, for which the flag alone means true
  bool live = false;       // SIGHUP may change it while strata serves
  std::function<Status(Config&, std::string_view)> set;  // parses; the error has no name in it
  std::function<std::string(const Config&)> get;         // what `set` reads back

  std::string Flag() const;         // --listen-otlp-grpc
  std::string Environment() const;  // STRATA_LISTEN_OTLP_GRPC
};

// In the order of the documentation.
std::span<const Setting> Settings();

const Setting* FindSetting(std::string_view name);

// The defaults; the data directory depends on who starts strata.
Config DefaultConfig(bool root);

// Of the candidates the one that `text` was most likely meant to be, empty when none is near.
std::string Nearest(std::string_view text, std::span<const std::string> candidates);

// docs/configuration.md, whole. A test compares; `strata config docs` prints it.
std::string ConfigurationPage();

}  // namespace strata::app
