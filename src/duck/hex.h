// Hex as SQL shows ids. Internal to module duck.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace strata::duck {

// The bytes whose lower-case hex is exactly `hex`; nullopt: no bytes have this text.
std::optional<std::string> BytesFromHex(std::string_view hex);

}  // namespace strata::duck
