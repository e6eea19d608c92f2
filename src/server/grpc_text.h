// The texts that gRPC has in its headers. No I/O.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace strata::server {

// The value of grpc-timeout: at most eight digits and a unit, cut to a year; nullopt: it is not
// that.
std::optional<std::chrono::microseconds> ParseGrpcTimeout(std::string_view text);

// The value of grpc-message: what is not printable ASCII, and '%', becomes %XX.
std::string EncodeGrpcMessage(std::string_view text);

}  // namespace strata::server
