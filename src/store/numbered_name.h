// Names of files that are numbered: twenty decimal digits and a suffix, so that they sort.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace strata::store {

std::string NumberedName(std::uint64_t number, std::string_view suffix);
// nullopt: it is none with this suffix.
std::optional<std::uint64_t> NumberOfName(std::string_view name, std::string_view suffix);

}  // namespace strata::store
