#include "net/http_client.h"

#include <charconv>
#include <optional>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "base/units.h"

namespace strata::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

Code CodeOf(const error_code& failed) {
  if (failed == beast::error::timeout) return Code::kTimeout;
  if (failed == http::error::body_limit || failed == http::error::header_limit) {
    return Code::kTooLarge;
  }
  const bool broken =
      failed == http::error::end_of_stream || failed == http::error::partial_message;
  if (!broken && failed.category() == make_error_code(http::error::bad_version).category()) {
    return Code::kCorrupt;
  }
  return Code::kUnavailable;
}

std::string Authority(const HttpUrl& url) {
  const bool v6 = url.host.find(':') != std::string::npos;
  return (v6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port);
}

}  // namespace

Result<HttpUrl> ParseHttpUrl(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return Error{Code::kInvalidInput, "'" + std::string(text) + "' is not a URL such as " +
                                          "http://127.0.0.1:8090: " + std::string(why)};
  };
  std::string_view rest = text;
  if (!rest.starts_with("http://")) return wrong("it does not start with http://");
  rest.remove_prefix(7);
  const std::size_t slash = rest.find('/');
  HttpUrl url;
  if (slash != std::string_view::npos) url.path = rest.substr(slash);
  while (url.path.ends_with('/')) url.path.pop_back();
  if (url.path.find_first_of("?# \r\n") != std::string::npos)
    return wrong("only a path may follow");
  std::string_view authority = rest.substr(0, slash);
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return wrong("'[' without ']'");
    url.host = authority.substr(1, end - 1);
    authority.remove_prefix(end + 1);
    if (!authority.empty() && authority[0] != ':') return wrong("a colon is missing after ']'");
    if (!authority.empty()) port = authority.substr(1);
  } else {
    const std::size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon + 1);
  }
  if (url.host.empty() || url.host.find_first_of("@ \r\n") != std::string::npos) {
    return wrong("the host is missing or wrong");
  }
  if (!port.empty()) {
    const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (failed != std::errc() || end != port.data() + port.size())
      return wrong("the port is wrong");
  }
  return url;
}

std::string_view HttpResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (beast::iequals({key.data(), key.size()}, {name.data(), name.size()})) return value;
  }
  return {};
}

class HttpClient::Connection {
 public:
  Connection(HttpUrl url, HttpOptions options) : url_(std::move(url)), options_(options) {}

  Result<HttpResponse> Send(const HttpRequest& request) {
    deadline_ = std::chrono::steady_clock::now() + options_.timeout;
    if (stream_ && !IsIdle()) stream_.reset();
    if (!stream_) RETURN_IF_ERROR(Connect());
    auto response = Exchange(request);
    if (!response) stream_.reset();
    return response;
  }

 private:
  Status Connect() {
    error_code failed;
    asio::ip::tcp::resolver resolver(io_);
    const auto endpoints = resolver.resolve(url_.host, std::to_string(url_.port), failed);
    if (failed) return Failed("look up", failed);
    stream_.emplace(io_);
    stream_->expires_at(deadline_);
    stream_->async_connect(endpoints, [&](error_code done, const auto&) { failed = done; });
    Run();
    if (failed) {
      stream_.reset();
      return Failed("connect to", failed);
    }
    error_code ignored;  // a latency, not an answer, depends on it
    (void)stream_->socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    buffer_.clear();
    return Done{};
  }

  Result<HttpResponse> Exchange(const HttpRequest& request) {
    http::request<http::span_body<const char>> message;
    message.version(11);
    message.method_string({request.method.data(), request.method.size()});
    message.target(url_.path + request.target);
    message.set(http::field::host, Authority(url_));
    for (const auto& [name, value] : request.headers) message.insert(name, value);
    const std::string_view body = AsText(request.body);
    message.body() = {body.data(), body.size()};
    message.prepare_payload();

    error_code failed;
    stream_->expires_at(deadline_);
    http::async_write(*stream_, message, [&](error_code done, std::size_t) { failed = done; });
    Run();
    if (failed) return Failed("send to", failed);

    http::response_parser<http::string_body> parser;
    parser.body_limit(options_.response_bytes_max);
    if (request.method == "HEAD") parser.skip(true);
    http::async_read(*stream_, buffer_, parser,
                     [&](error_code done, std::size_t) { failed = done; });
    Run();
    if (failed) return Failed("read the answer of", failed);
    if (!parser.keep_alive()) stream_.reset();

    HttpResponse response{.status = static_cast<int>(parser.get().result_int())};
    for (const auto& field : parser.get()) {
      response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    response.body = std::move(parser.get().body());
    return response;
  }

  // A server that closed the connection, or says something unasked, left bytes or an end to read.
  bool IsIdle() {
    char byte = 0;
    error_code failed;
    (void)stream_->socket().non_blocking(true, failed);
    if (failed) return false;
    stream_->socket().receive(asio::buffer(&byte, 1), asio::ip::tcp::socket::message_peek, failed);
    return failed == asio::error::would_block;
  }

  void Run() {
    io_.restart();
    io_.run();
  }

  Error Failed(std::string_view doing, const error_code& failed) {
    const Code code = CodeOf(failed);
    return {code, "cannot " + std::string(doing) + " " + Authority(url_) + ": " +
                      (code == Code::kTimeout ? "not within " + FormatDuration(options_.timeout)
                                              : failed.message())};
  }

  const HttpUrl url_;
  const HttpOptions options_;
  asio::io_context io_{1};
  std::optional<beast::tcp_stream> stream_;
  beast::flat_buffer buffer_;
  std::chrono::steady_clock::time_point deadline_;
};

HttpClient::HttpClient(HttpUrl url, HttpOptions options)
    : connection_(std::make_unique<Connection>(std::move(url), options)) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

Result<HttpResponse> HttpClient::Send(const HttpRequest& request) {
  return connection_->Send(request);
}

}  // namespace strata::net
