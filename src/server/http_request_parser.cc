#include "server/http_request_parser.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "base/check.h"

namespace strata::server {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using beast::error_code;

// Where a piece of text lies in the arena. Offsets, because the arena moves while it grows.
struct Piece {
  std::size_t offset = 0;
  std::size_t size = 0;
};

// All text of one request's head, back to back; keeps its memory from request to request.
struct Head {
  std::string arena;
  Piece verb;
  Piece target;
  std::vector<std::pair<Piece, Piece>> fields;
  bool http11 = false;
  bool expects_continue = false;

  Piece Keep(beast::string_view text) {
    const Piece piece{arena.size(), text.size()};
    arena.append(text.data(), text.size());
    return piece;
  }
  std::string_view Text(const Piece& piece) const {
    return std::string_view(arena).substr(piece.offset, piece.size);
  }
  void Clear() {
    arena.clear();
    fields.clear();
    expects_continue = false;
  }
};

HttpRequestParser::Failure FailureOf(const error_code& error) {
  if (error == http::error::body_limit) return {413, "the body is too large"};
  if (error == http::error::header_limit) return {431, "the header is too large"};
  if (error == http::error::bad_version) return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  if (error == http::error::bad_method) return {400, "malformed method"};
  if (error == http::error::bad_target) return {400, "malformed request target"};
  if (error == http::error::bad_field || error == http::error::bad_value ||
      error == http::error::bad_line_ending || error == http::error::bad_obs_fold) {
    return {400, "malformed header field"};
  }
  if (error == http::error::bad_content_length || error == http::error::multiple_content_length) {
    return {400, "bad Content-Length"};
  }
  if (error == http::error::bad_transfer_encoding) return {400, "bad Transfer-Encoding"};
  if (error == http::error::bad_chunk || error == http::error::bad_chunk_extension) {
    return {400, "malformed chunk"};
  }
  return {400, "malformed request"};
}

// One request's parser; Beast's cannot be used twice.
class BeastParser final : public http::basic_parser<true> {
 public:
  BeastParser(Head& head, HttpRequestParser::Failure& failure, const HttpParserLimits& limits)
      : head_(head), failure_(failure), fields_max_(limits.header_fields_max) {
    header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
    body_limit(boost::none);  // set when the head is known: a refusal wants to see it
  }

  void AppendTo(Buffer& body) { body_ = &body; }

 private:
  void Fail(int http_status, std::string_view reason, error_code& error) {
    failure_ = {http_status, reason};
    error = http::error::bad_value;
  }

  void on_request_impl(http::verb, beast::string_view verb, beast::string_view target, int version,
                       error_code&) override {
    head_.http11 = version >= 11;
    head_.verb = head_.Keep(verb);
    head_.target = head_.Keep(target);
  }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}

  void on_field_impl(http::field field, beast::string_view name, beast::string_view value,
                     error_code& error) override {
    if (is_header_done()) return;  // a trailer behind the last chunk: nothing here needs one
    if (head_.fields.size() == fields_max_) return Fail(431, "too many header fields", error);
    if (field == http::field::transfer_encoding && !beast::iequals(value, "chunked")) {
      return Fail(501, "no transfer coding but chunked is spoken here", error);
    }
    if (field == http::field::expect) {
      if (!beast::iequals(value, "100-continue")) return Fail(417, "unknown expectation", error);
      head_.expects_continue = true;
    }
    const Piece kept_name = head_.Keep(name);
    head_.fields.emplace_back(kept_name, head_.Keep(value));
  }

  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, error_code&) override {
    body_->Append(AsBytes({body.data(), body.size()}));
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  Head& head_;
  HttpRequestParser::Failure& failure_;
  const std::size_t fields_max_;
  Buffer* body_ = nullptr;
};

}  // namespace

struct HttpRequestParser::State {
  explicit State(const HttpParserLimits& the_limits) : limits(the_limits) { Reset(); }

  void Reset() {
    head.Clear();
    headers.Clear();
    failure = {};
    head_bytes = 0;
    parser.emplace(head, failure, limits);
  }

  // Beast bounds each line; this bounds their sum. Beast unfolds fields; a proxy may not have.
  void CheckRead(std::string_view bytes) {
    if (failure.http_status != 0) return;
    head_bytes += bytes.size();
    if (head_bytes > limits.header_bytes_max) failure = {431, "the header is too large"};
    const bool folded = bytes.find("\n ") != bytes.npos || bytes.find("\n\t") != bytes.npos;
    if (folded) failure = {400, "a folded header field"};
  }

  void FinishHead() {
    parser->body_limit(limits.body_bytes_max);
    target = head.Text(head.target);
    for (const auto& [name, value] : head.fields) headers.Add(head.Text(name), head.Text(value));
    if (!headers.Repeated().empty()) {
      failure = {400, "a header field that may be there once is there twice"};
    } else if (head.http11 && !headers.Find("host")) {
      failure = {400, "no Host"};
    } else if (headers.Get("content-length").find(',') != std::string_view::npos) {
      failure = {400, "bad Content-Length"};
    } else if (!head.http11 && parser->chunked()) {
      failure = {400, "chunks in HTTP/1.0"};
    } else if (parser->content_length().value_or(0) > limits.body_bytes_max) {
      failure = {413, "the body is too large"};
    }
  }

  HttpParserLimits limits;
  Head head;
  HeaderView headers;
  std::string_view target;
  Failure failure;
  std::size_t head_bytes = 0;
  std::optional<BeastParser> parser;
};

HttpRequestParser::HttpRequestParser(const HttpParserLimits& limits)
    : state_(std::make_unique<State>(limits)) {}
HttpRequestParser::~HttpRequestParser() = default;

void HttpRequestParser::LimitBody(std::uint64_t bytes_max) {
  state_->limits.body_bytes_max = bytes_max;
}

void HttpRequestParser::Reset() {
  state_->Reset();
}

std::size_t HttpRequestParser::ParseHead(std::string_view bytes) {
  CHECK(!head_done() && state_->failure.http_status == 0);
  error_code error;
  // Not eager: stops behind the head, so that the connection reads the body itself.
  const std::size_t used = state_->parser->put({bytes.data(), bytes.size()}, error);
  if (error && error != http::error::need_more && state_->failure.http_status == 0) {
    state_->failure = FailureOf(error);
  }
  state_->CheckRead(bytes.substr(0, used));
  if (state_->failure.http_status == 0 && head_done()) state_->FinishHead();
  return used;
}

std::size_t HttpRequestParser::ParseChunks(std::string_view bytes, Buffer& body) {
  CHECK(head_done() && chunked() && !chunks_done());
  state_->parser->AppendTo(body);
  state_->parser->eager(true);
  error_code error;
  const std::size_t used = state_->parser->put({bytes.data(), bytes.size()}, error);
  if (error && error != http::error::need_more && state_->failure.http_status == 0) {
    state_->failure = FailureOf(error);
  }
  return used;
}

bool HttpRequestParser::head_done() const {
  return state_->parser->is_header_done();
}
bool HttpRequestParser::chunks_done() const {
  return state_->parser->is_done();
}
const HttpRequestParser::Failure& HttpRequestParser::failure() const {
  return state_->failure;
}
std::string_view HttpRequestParser::verb() const {
  return state_->head.Text(state_->head.verb);
}
std::string_view HttpRequestParser::path() const {
  return state_->target.substr(0, state_->target.find('?'));
}
std::string_view HttpRequestParser::query() const {
  const std::size_t mark = state_->target.find('?');
  return mark == std::string_view::npos ? std::string_view() : state_->target.substr(mark + 1);
}
const HeaderView& HttpRequestParser::headers() const {
  return state_->headers;
}
bool HttpRequestParser::keep_alive() const {
  return state_->parser->keep_alive();
}
bool HttpRequestParser::http11() const {
  return state_->head.http11;
}
bool HttpRequestParser::chunked() const {
  return state_->parser->chunked();
}
bool HttpRequestParser::expects_continue() const {
  return state_->head.expects_continue;
}
std::uint64_t HttpRequestParser::content_length() const {
  const auto length = state_->parser->content_length();
  return length ? *length : 0;
}

}  // namespace strata::server
