// The YAML file of settings: text in, assignments with their lines out. Knows the names of the
// settings, not their types.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace strata::app {

using Environment = std::map<std::string, std::string>;

struct Assignment {
  std::string name;  // of a setting: hot.memory
  std::string text;  // with ${env:…} replaced
  int line = 0;      // counted from 1
};

// `file_name` only appears in messages. Of a wrong file every problem is named, a line each:
// "strata.yaml:3: unknown key 'hot.memroy'; did you mean 'hot.memory'?"
Result<std::vector<Assignment>> ReadSettings(std::string_view yaml, const std::string& file_name,
                                             const Environment& environment);

// "a${env:NAME:-b}c" with the variable's value, or b where it is unset or empty; "$${" is "${".
Result<std::string> Substitute(std::string_view text, const Environment& environment);

}  // namespace strata::app
