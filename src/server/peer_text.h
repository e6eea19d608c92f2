// The other end of a connection, for logs. Internal to the transports.
#pragma once

#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "server/address.h"

namespace strata::server {

// host:port; empty when the connection is gone already.
inline std::string PeerText(const boost::asio::ip::tcp::socket& socket) {
  boost::system::error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return {};
  return Address{.host = peer.address().to_string(), .port = peer.port()}.ToString();
}

}  // namespace strata::server
