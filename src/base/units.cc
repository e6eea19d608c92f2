#include "base/units.h"

#include <array>
#include <charconv>
#include <limits>

namespace strata {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array kSizes = {
    Unit{"TiB", 1ULL << 40}, Unit{"GiB", 1ULL << 30},      Unit{"MiB", 1ULL << 20},
    Unit{"KiB", 1ULL << 10}, Unit{"TB", 1000000000000ULL}, Unit{"GB", 1000000000ULL},
    Unit{"MB", 1000000ULL},  Unit{"KB", 1000ULL},          Unit{"B", 1ULL},
};

constexpr std::array kDurations = {
    Unit{"d", 86400000000000ULL},
    Unit{"h", 3600000000000ULL},
    Unit{"m", 60000000000ULL},
    Unit{"s", 1000000000ULL},
    Unit{"ms", 1000000ULL},
    Unit{"us", 1000ULL},
    Unit{"ns", 1ULL},
};

struct Amount {
  std::uint64_t number;
  std::string_view unit;
};

Result<Amount> SplitAmount(std::string_view text, std::string_view what, std::string_view units) {
  Amount amount{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), amount.number);
  if (failed != std::errc()) {
    return Error{Code::kInvalidInput, "'" + std::string(text) + "' is not a " + std::string(what) +
                                          ": write a whole number and one of " +
                                          std::string(units)};
  }
  amount.unit = text.substr(static_cast<std::size_t>(end - text.data()));
  return amount;
}

template <std::size_t N>
Result<std::uint64_t> Scale(const Amount& amount, const std::array<Unit, N>& units,
                            std::string_view text, std::string_view what,
                            std::string_view accepted) {
  for (const Unit& unit : units) {
    if (unit.name != amount.unit) continue;
    if (amount.number > std::numeric_limits<std::int64_t>::max() / unit.factor) {
      return Error{Code::kInvalidInput,
                   "'" + std::string(text) + "' is too large for a " + std::string(what)};
    }
    return amount.number * unit.factor;
  }
  return Error{Code::kInvalidInput, "'" + std::string(text) + "' has no unit of " +
                                        std::string(what) + ": use one of " +
                                        std::string(accepted)};
}

template <std::size_t N>
std::string Format(std::uint64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) {
      return std::to_string(value / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(value) + std::string(units.back().name);
}

constexpr std::string_view kSizeUnits = "B, KB, MB, GB, TB, KiB, MiB, GiB, TiB";
constexpr std::string_view kDurationUnits = "ns, us, ms, s, m, h, d";

}  // namespace

Result<std::uint64_t> ParseSize(std::string_view text) {
  ASSIGN_OR_RETURN(Amount amount, SplitAmount(text, "size", kSizeUnits));
  if (amount.unit.empty()) amount.unit = "B";
  return Scale(amount, kSizes, text, "size", kSizeUnits);
}

std::string FormatSize(std::uint64_t bytes) {
  return Format(bytes, kSizes);
}

Result<std::chrono::nanoseconds> ParseDuration(std::string_view text) {
  ASSIGN_OR_RETURN(const Amount amount, SplitAmount(text, "duration", kDurationUnits));
  ASSIGN_OR_RETURN(const std::uint64_t nanos,
                   Scale(amount, kDurations, text, "duration", kDurationUnits));
  return std::chrono::nanoseconds(static_cast<std::int64_t>(nanos));
}

std::string FormatDuration(std::chrono::nanoseconds duration) {
  return Format(static_cast<std::uint64_t>(duration.count()), kDurations);
}

}  // namespace strata
