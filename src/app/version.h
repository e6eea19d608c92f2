// Which strata this is.
#pragma once

#include <string_view>

namespace strata::app {

std::string_view Version();  // "0.1.0", as in CMakeLists.txt

}  // namespace strata::app
