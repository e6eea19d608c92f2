#include "store/numbered_name.h"

#include <charconv>
#include <cstdio>
#include <system_error>

namespace strata::store {
namespace {

constexpr std::size_t kDigits = 20;

}  // namespace

std::string NumberedName(std::uint64_t number, std::string_view suffix) {
  char digits[kDigits + 1];
  std::snprintf(digits, sizeof digits, "%020llu", static_cast<unsigned long long>(number));
  return digits + std::string(suffix);
}

std::optional<std::uint64_t> NumberOfName(std::string_view name, std::string_view suffix) {
  if (name.size() != kDigits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = name.data() + kDigits;
  const auto [ptr, failed] = std::from_chars(name.data(), end, number);
  if (failed != std::errc() || ptr != end) return std::nullopt;
  return number;
}

}  // namespace strata::store
