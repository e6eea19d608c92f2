#include "app/bench_connection.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace strata::app {
namespace {

constexpr std::size_t kPiecesMax = 64;  // of one writev
constexpr std::size_t kReadBytes = 16_KiB;

Error SocketError(const std::string& what) {
  return Error{Code::kUnavailable, what + ": " + std::generic_category().message(errno)};
}

}  // namespace

void Outbox::Own(std::string bytes) {
  Borrow(owned_.emplace_back(std::move(bytes)));
}

void Outbox::Borrow(std::string_view bytes) {
  if (bytes.empty()) return;
  pieces_.push_back({const_cast<char*>(bytes.data()), bytes.size()});
}

Result<bool> Outbox::Flush(int socket) {
  while (!empty()) {
    const std::size_t count = std::min(kPiecesMax, pieces_.size() - first_);
    const ssize_t written = ::writev(socket, &pieces_[first_], static_cast<int>(count));
    if (written < 0) {
      if (errno == EAGAIN) return false;
      if (errno == EINTR) continue;
      return SocketError("send");
    }
    auto left = static_cast<std::size_t>(written);
    while (left > 0) {
      iovec& piece = pieces_[first_];
      const std::size_t taken = std::min(left, piece.iov_len);
      piece.iov_base = static_cast<char*>(piece.iov_base) + taken;
      piece.iov_len -= taken;
      left -= taken;
      if (piece.iov_len == 0) ++first_;
    }
  }
  pieces_.clear();
  owned_.clear();
  first_ = 0;
  return true;
}

BenchConnection::~BenchConnection() {
  if (socket_ >= 0) ::close(socket_);
}

Status BenchConnection::Read() {
  while (true) {
    const std::size_t before = in_.size();
    in_.resize(before + kReadBytes);
    const ssize_t got = ::recv(socket_, in_.data() + before, kReadBytes, 0);
    in_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return Error{Code::kUnavailable, "the server closed the connection"};
    if (got > 0 && static_cast<std::size_t>(got) < kReadBytes) return Done{};
    if (got < 0 && errno == EAGAIN) return Done{};
    if (got < 0 && errno != EINTR) return SocketError("receive");
  }
}

Result<int> ConnectSocket(const net::HttpUrl& url) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(url.port);
  if (const int failed = ::getaddrinfo(url.host.c_str(), port.c_str(), &hints, &found);
      failed != 0) {
    return Error{Code::kUnavailable, url.host + ": " + ::gai_strerror(failed)};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  const int socket = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return SocketError("socket");
  if (::connect(socket, found->ai_addr, found->ai_addrlen) != 0) {
    auto error = SocketError("connect " + url.host + ":" + port);
    ::close(socket);
    return error;
  }
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
  return socket;
}

}  // namespace strata::app
