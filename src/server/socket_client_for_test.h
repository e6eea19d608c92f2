// A client that speaks HTTP byte by byte, so that tests can misbehave on purpose.
#pragma once

#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/handler.h"

namespace strata::server {

class LambdaHandler final : public Handler {
 public:
  using Function = std::function<void(Request&&, Reply)>;
  explicit LambdaHandler(Function function) : function_(std::move(function)) {}
  void Handle(Request&& request, Reply reply) override {
    function_(std::move(request), std::move(reply));
  }

 private:
  Function function_;
};

inline Response TextResponse(std::string text) {
  Response response;
  response.content_type = "text/plain";
  response.body = std::move(text);
  return response;
}

struct HttpAnswer {
  int status = 0;    // 0: the connection ended before an answer
  std::string head;  // status line and fields, lower case names as the server writes them
  std::string body;

  std::string Field(std::string_view name) const {
    const std::size_t at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

class SocketClient {
 public:
  explicit SocketClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    const timeval patience{20, 0};  // a hung server fails the test instead of hanging it
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  SocketClient(const SocketClient&) = delete;
  SocketClient& operator=(const SocketClient&) = delete;
  ~SocketClient() { Close(); }

  bool connected() const { return connected_; }

  // False: the server has closed the connection meanwhile.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void CloseSending() { ::shutdown(fd_, SHUT_WR); }
  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  HttpAnswer ReadAnswer(bool has_body = true) {
    HttpAnswer answer;
    std::size_t end = 0;
    while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
      if (!Receive()) return answer;
    }
    answer.head = unread_.substr(0, end + 2);
    unread_.erase(0, end + 4);
    answer.status = std::stoi(answer.head.substr(9, 3));
    const std::string length = answer.Field("content-length");
    const std::size_t body_bytes = has_body && !length.empty() ? std::stoul(length) : 0;
    while (unread_.size() < body_bytes) {
      if (!Receive()) return answer;
    }
    answer.body = unread_.substr(0, body_bytes);
    unread_.erase(0, body_bytes);
    return answer;
  }

  // True: the server closed, and had nothing more to say.
  bool AtEnd() { return unread_.empty() && !Receive() && unread_.empty(); }

  HttpAnswer Ask(std::string_view request) {
    Send(request);
    return ReadAnswer();
  }

 private:
  bool Receive() {
    char buffer[65536];
    const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    unread_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  int fd_;
  bool connected_ = false;
  std::string unread_;
};

inline std::string Post(std::string_view path, std::string_view body,
                        std::string_view fields = "") {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nhost: test\r\ncontent-length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}

}  // namespace strata::server
