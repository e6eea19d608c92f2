#include "server/grpc_text.h"

#include <algorithm>
#include <charconv>

namespace strata::server {

namespace {

constexpr std::size_t kTimeoutDigitsMax = 8;

}  // namespace

std::optional<std::chrono::microseconds> ParseGrpcTimeout(std::string_view text) {
  if (text.size() < 2 || text.size() > kTimeoutDigitsMax + 1) return std::nullopt;
  const std::string_view digits = text.substr(0, text.size() - 1);
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  // Eight digits of hours fit into microseconds, but not into a clock's nanoseconds.
  constexpr std::chrono::microseconds kLongest = std::chrono::years(1);
  const auto in = [&](auto unit) {
    return std::min(kLongest, std::chrono::ceil<std::chrono::microseconds>(count * unit));
  };
  switch (text.back()) {
    case 'H':
      return in(std::chrono::hours(1));
    case 'M':
      return in(std::chrono::minutes(1));
    case 'S':
      return in(std::chrono::seconds(1));
    case 'm':
      return in(std::chrono::milliseconds(1));
    case 'u':
      return in(std::chrono::microseconds(1));
    case 'n':
      return in(std::chrono::nanoseconds(1));
    default:
      return std::nullopt;
  }
}

std::string EncodeGrpcMessage(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (c >= ' ' && c <= '~' && c != '%') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

}  // namespace strata::server
