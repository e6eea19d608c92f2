// One client connection of the load generator: a request in flight at a time, sockets that never
// block, bodies that are sent from where they lie.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/uio.h>

#include "base/result.h"
#include "net/http_client.h"

namespace strata::app {

// Bytes on their way into a socket.
class Outbox {
 public:
  void Own(std::string bytes);
  void Borrow(std::string_view bytes);  // must stay as it is until Flush has returned true
  bool empty() const { return first_ == pieces_.size(); }
  // Writes what the socket takes. True: all has gone.
  Result<bool> Flush(int socket);

 private:
  std::deque<std::string> owned_;  // addresses stay while pieces point at them
  std::vector<iovec> pieces_;
  std::size_t first_ = 0;
};

class BenchConnection {
 public:
  // What stands for success in `Answer`: HTTP 200, gRPC OK.
  struct Answer {
    bool complete = false;
    int status = 0;  // HTTP status; gRPC code
    bool success = false;
    std::uint64_t receipt = 0;  // gRPC only, as the next
    bool duplicate = false;
  };

  explicit BenchConnection(int socket) : socket_(socket) {}
  BenchConnection(const BenchConnection&) = delete;
  BenchConnection& operator=(const BenchConnection&) = delete;
  virtual ~BenchConnection();

  int socket() const { return socket_; }

  // Requires: no request is in flight. `body` must stay until the answer is complete.
  virtual Status Send(std::string_view body) = 0;
  // The socket can be read or written. Errors: the connection broke.
  virtual Result<Answer> OnReady() = 0;
  // Whether bytes wait for the socket to take them.
  bool WantsWrite() const { return !out_.empty(); }

 protected:
  // Appends what has arrived to `in_`.
  Status Read();

  int socket_;
  Outbox out_;
  std::string in_;
};

struct BenchTarget {
  net::HttpUrl url;
  std::string path;                   // HTTP path or gRPC method
  std::string content_type = {};      // HTTP
  std::string content_encoding = {};  // "", gzip, zstd
  std::string name_space = {};        // gRPC; empty: the server's default
};

Result<std::unique_ptr<BenchConnection>> ConnectHttp(const BenchTarget& target);
Result<std::unique_ptr<BenchConnection>> ConnectGrpc(const BenchTarget& target);

// A connected socket that does not block and does not wait for more to send.
Result<int> ConnectSocket(const net::HttpUrl& url);

}  // namespace strata::app
