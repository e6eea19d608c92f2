// The head of an HTTP/1.1 request and its chunked body, from bytes. Boost.Beast's parser does the
// work; this class keeps what it found in one reused piece of memory, adds the limits that Beast
// does not have, refuses what a proxy in front might read in another way (folded fields, lengths
// and hosts that are there twice, chunks in HTTP/1.0), and keeps Beast out of everybody else's
// compile time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/buffer.h"
#include "server/handler.h"

namespace strata::server {

struct HttpParserLimits {
  std::size_t header_bytes_max = 64_KiB;  // request line and all fields
  std::size_t header_fields_max = 256;
  std::uint64_t body_bytes_max = 20_MiB;  // chunked: what the chunks hold
};

class HttpRequestParser {
 public:
  explicit HttpRequestParser(const HttpParserLimits& limits);
  ~HttpRequestParser();

  // Of the request whose head is read next, or now.
  void LimitBody(std::uint64_t bytes_max);

  // Forgets the last request; its views are invalid from here on.
  void Reset();

  // Reads from the front of `bytes` and returns how many were used up. The rest must be given
  // again, with more behind it, unless the head is done or failed() is set.
  std::size_t ParseHead(std::string_view bytes);
  bool head_done() const;

  // Requires: head_done(), chunked(). Appends what the chunks hold to `body`.
  std::size_t ParseChunks(std::string_view bytes, Buffer& body);
  bool chunks_done() const;

  // Why the request cannot be served; `http_status` 0: it can.
  struct Failure {
    int http_status = 0;
    std::string_view reason;
  };
  const Failure& failure() const;

  // Requires: head_done(). The views live until Reset().
  std::string_view verb() const;
  std::string_view path() const;
  std::string_view query() const;
  const HeaderView& headers() const;
  bool keep_alive() const;
  bool http11() const;
  bool chunked() const;
  bool expects_continue() const;
  std::uint64_t content_length() const;  // 0 when chunked or without a body

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata::server
