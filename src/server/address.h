// host:port, as listeners are configured and reported.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace strata::server {

struct Address {
  std::string host;        // a name, an IPv4 address, or an IPv6 address without brackets
  std::uint16_t port = 0;  // 0: the system chooses

  // 127.0.0.1:4318, localhost:0, [::1]:4318.
  static Result<Address> Parse(std::string_view text);
  std::string ToString() const;
};

}  // namespace strata::server
