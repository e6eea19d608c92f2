// The load generator's HTTP/1.1: as much of it as strata's answers need.
#include <charconv>
#include <utility>

#include "app/bench_connection.h"

namespace strata::app {
namespace {

class HttpConnection final : public BenchConnection {
 public:
  HttpConnection(int socket, const BenchTarget& target) : BenchConnection(socket) {
    head_ = "POST " + target.url.path + target.path + " HTTP/1.1\r\nHost: " + target.url.host +
            "\r\nContent-Type: " + target.content_type + "\r\n";
    if (!target.content_encoding.empty()) {
      head_ += "Content-Encoding: " + target.content_encoding + "\r\n";
    }
    head_ += "Content-Length: ";
  }

  Status Send(std::string_view body) override {
    out_.Own(head_ + std::to_string(body.size()) + "\r\n\r\n");
    out_.Borrow(body);
    auto sent = out_.Flush(socket_);
    if (!sent) return std::move(sent).error();
    return Done{};
  }

  Result<Answer> OnReady() override {
    if (!out_.empty()) {
      auto sent = out_.Flush(socket_);
      if (!sent) return std::move(sent).error();
    }
    RETURN_IF_ERROR(Read());
    const auto head_end = in_.find("\r\n\r\n");
    if (head_end == std::string::npos) return Answer{};
    ASSIGN_OR_RETURN(const std::size_t body_bytes, BodyBytes(in_.substr(0, head_end)));
    const std::size_t answer_bytes = head_end + 4 + body_bytes;
    if (in_.size() < answer_bytes) return Answer{};
    constexpr std::size_t kStatusAt = 9;  // behind "HTTP/1.1 "
    int status = 0;
    std::from_chars(in_.data() + kStatusAt, in_.data() + kStatusAt + 3, status);
    in_.erase(0, answer_bytes);
    return Answer{.complete = true, .status = status, .success = status == 200};
  }

 private:
  static Result<std::size_t> BodyBytes(std::string head) {
    for (char& c : head) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    constexpr std::string_view kName = "\r\ncontent-length:";
    auto at = head.find(kName);
    if (at == std::string::npos) return Error{Code::kCorrupt, "an answer without Content-Length"};
    at = head.find_first_not_of(' ', at + kName.size());
    std::size_t bytes = 0;
    if (at != std::string::npos) std::from_chars(&head[at], head.data() + head.size(), bytes);
    return bytes;
  }

  std::string head_;
};

}  // namespace

Result<std::unique_ptr<BenchConnection>> ConnectHttp(const BenchTarget& target) {
  ASSIGN_OR_RETURN(const int socket, ConnectSocket(target.url));
  return std::unique_ptr<BenchConnection>(std::make_unique<HttpConnection>(socket, target));
}

}  // namespace strata::app
