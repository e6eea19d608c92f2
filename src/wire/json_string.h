// Writing text that may have come from anywhere into a JSON document.
#pragma once

#include <string>
#include <string_view>

namespace strata::wire {

// `text` with every byte that is not part of valid UTF-8 replaced by U+FFFD.
std::string ValidUtf8(std::string_view text);

// Appends `text` as a JSON string, quotes included; invalid UTF-8 becomes U+FFFD.
void AppendJsonString(std::string& out, std::string_view text);

}  // namespace strata::wire
