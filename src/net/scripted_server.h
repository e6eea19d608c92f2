// For tests of clients: a server on loopback whose connections are served by a function.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "net/http_client.h"

namespace strata::net {

// A server that hands each accepted socket to `serve` and closes it after.
class ScriptedServer {
 public:
  ScriptedServer(int connections, std::function<void(int)> serve) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    CHECK(listen(listener_, 8) == 0);
    socklen_t length = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this, connections, serve = std::move(serve)] {
      for (int i = 0; i < connections; ++i) {
        const int peer = accept(listener_, nullptr, nullptr);
        if (peer < 0) return;
        serve(peer);
        close(peer);
      }
    });
  }
  ~ScriptedServer() {
    shutdown(listener_, SHUT_RDWR);
    Join();
    close(listener_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  // Waits until all connections were served.
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

  HttpUrl Url() const { return {.host = "127.0.0.1", .port = port_}; }

 private:
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

// Reads until the end of a request whose body has `body_bytes`.
inline std::string ReadRequest(int peer, std::size_t body_bytes) {
  std::string text;
  for (;;) {
    const std::size_t end = text.find("\r\n\r\n");
    if (end != std::string::npos && text.size() >= end + 4 + body_bytes) return text;
    std::array<char, 4096> buffer;
    const ssize_t n = read(peer, buffer.data(), buffer.size());
    if (n <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

inline void WriteText(int peer, std::string_view text) {
  // A client that gave up is part of some tests.
  [[maybe_unused]] const ssize_t n = send(peer, text.data(), text.size(), MSG_NOSIGNAL);
}

}  // namespace strata::net
