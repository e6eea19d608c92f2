// Outbound HTTP/1.1, blocking, over one kept-alive connection: for the command line and the bench.
//
//   ASSIGN_OR_RETURN(auto url, net::ParseHttpUrl("http://127.0.0.1:8090"));
//   net::HttpClient client(url, {.timeout = 10s});
//   ASSIGN_OR_RETURN(auto response, client.Send({.method = "POST", .target = "/api/v1/sql", …}));
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace strata::net {

struct HttpUrl {
  std::string host;  // without the brackets of an IPv6 address
  std::uint16_t port = 80;
  std::string path = {};  // put before each target, without a trailing slash; often empty
};

// "http://host[:port][/path]".
Result<HttpUrl> ParseHttpUrl(std::string_view text);

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";
  HttpHeaders headers = {};  // Host, Content-Length and Connection are added
  ByteSpan body = {};        // must outlive Send
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers = {};
  std::string body = {};

  // The first header of that name in any case; empty when there is none.
  std::string_view Header(std::string_view name) const;
};

struct HttpOptions {
  std::chrono::milliseconds timeout = std::chrono::seconds(10);  // of one Send, connecting included
  std::uint64_t response_bytes_max = 64_MiB;                     // of a body
};

// Used by one thread at a time.
class HttpClient {
 public:
  explicit HttpClient(HttpUrl url, HttpOptions options = {});
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  // Connects when there is no open connection, or when the server closed it meanwhile. A request is
  // sent at most once: what the server did with one that failed after that is unknown.
  // Errors: kUnavailable (nothing answers, or the connection broke), kTimeout, kTooLarge (the
  // response), kCorrupt (not HTTP). Every status code of the server is a success here.
  Result<HttpResponse> Send(const HttpRequest& request);

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace strata::net
