#include "server/address.h"

#include <charconv>

namespace strata::server {

Result<Address> Address::Parse(std::string_view text) {
  const auto wrong = [&text] {
    return Error{Code::kInvalidInput, "'" + std::string(text) +
                                          "' is not an address: expected host:port, for example "
                                          "127.0.0.1:4318 or [::1]:4318"};
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong();
  }
  Address address{.host = std::string(host), .port = 0};
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (host.empty() || error != std::errc() || end != digits.data() + digits.size()) return wrong();
  return address;
}

std::string Address::ToString() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace strata::server
