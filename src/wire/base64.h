// Base64, standard alphabet, padded (RFC 4648 §4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace strata::wire {

void AppendBase64(std::string& out, std::string_view bytes);

// Also accepts the URL-safe alphabet and missing padding, as protobuf's JSON form asks of a parser.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace strata::wire
