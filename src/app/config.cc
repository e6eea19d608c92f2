#include "app/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <arpa/inet.h>

#include "base/units.h"

namespace strata::app {
namespace {

constexpr std::uint64_t kBlockBytes = 4096;
constexpr std::uint64_t kSegmentOverheadBytes = 64_KiB;  // headers and padding, generously

Error NotAnAddress(std::string_view text) {
  return {Code::kInvalidInput, "'" + std::string(text) +
                                   "' is not an address: write host:port, such as 127.0.0.1:4317 "
                                   "or [::1]:4317"};
}

Error Refused(std::string message) {
  return {Code::kInvalidInput, std::move(message)};
}

Status ValidateListeners(const Config::Listen& listen, bool insecure) {
  const std::array<std::pair<std::string_view, const Address*>, 3> listeners = {{
      {"listen.otlp_grpc", &listen.otlp_grpc},
      {"listen.otlp_http", &listen.otlp_http},
      {"listen.http", &listen.http},
  }};
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const auto& [name, address] = listeners[i];
    if (!insecure && !address->IsLoopback()) {
      return Refused(
          std::string(name) + " is " + FormatAddress(*address) +
          ", which others can reach, and nobody would be asked for a token: listen on "
          "127.0.0.1, or allow it with --insecure (STRATA_INSECURE=true, insecure: true)");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (address->port != 0 && *address == *listeners[j].second) {
        return Refused(std::string(listeners[j].first) + " and " + std::string(name) +
                       " are both " + FormatAddress(*address));
      }
    }
  }
  return Done{};
}

}  // namespace

bool Address::IsLoopback() const {
  if (host == "localhost") return true;
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  in_addr v4{};
  return inet_pton(AF_INET, host.c_str(), &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

Result<Address> ParseAddress(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return NotAnAddress(text);
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find(':') != std::string_view::npos) return NotAnAddress(text);
  if (host.find_first_of(" \t/[]") != std::string_view::npos) return NotAnAddress(text);
  Address address{.host = std::string(host)};
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || failed != std::errc() || end != port.data() + port.size()) {
    return Error{Code::kInvalidInput, "'" + std::string(port) + "' in '" + std::string(text) +
                                          "' is not a port: write 0 to 65535"};
  }
  return address;
}

std::string FormatAddress(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

Size Config::RequestBytesMax() const {
  return Size{log.segment_bytes.bytes - std::min(log.segment_bytes.bytes, kSegmentOverheadBytes)};
}

Status Config::Validate() const {
  RETURN_IF_ERROR(ValidateListeners(listen, insecure));
  if (data_dir.empty()) return Refused("data_dir is empty");
  if (log.max_bytes.bytes != 0 && log.max_bytes.bytes < 2 * log.segment_bytes.bytes) {
    return Refused("log.max_bytes must hold at least two segments of log.segment_bytes");
  }
  if (limits.http_body > limits.in_flight || limits.grpc_message > limits.in_flight) {
    return Refused(
        "limits.in_flight must hold at least one limits.http_body and one "
        "limits.grpc_message");
  }
  if (log.segment_bytes.bytes % kBlockBytes != 0) {
    return Refused("log.segment_bytes must be a multiple of 4KiB");
  }
  if (limits.http_body > RequestBytesMax() || limits.grpc_message > RequestBytesMax()) {
    return Refused("limits.http_body and limits.grpc_message may be at most " +
                   FormatSize(RequestBytesMax().bytes) +
                   ": a request is one frame in one segment of log.segment_bytes");
  }
  return Done{};
}

}  // namespace strata::app
