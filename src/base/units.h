// Sizes and durations as people write them: 512MiB, 64KiB, 1GB; 250ms, 30s, 5m, 48h, 30d.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace strata {

// A whole number followed by B, KB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of
// 1024); a bare number is bytes. Errors name the accepted units.
Result<std::uint64_t> ParseSize(std::string_view text);
std::string FormatSize(std::uint64_t bytes);

// A whole number followed by ns, us, ms, s, m, h or d. A unit is required.
Result<std::chrono::nanoseconds> ParseDuration(std::string_view text);
std::string FormatDuration(std::chrono::nanoseconds duration);

}  // namespace strata
