// Property: however a request is cut into reads, the parser stays inside them, keeps its limits,
// and finds the same request. The first byte chooses the size of the reads.
#include <algorithm>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "server/http_request_parser.h"

namespace strata::server {
namespace {

constexpr HttpParserLimits kLimits{
    .header_bytes_max = 4096, .header_fields_max = 16, .body_bytes_max = 5000};

struct Outcome {
  int failure = 0;
  std::string verb, path, query, headers;
  Buffer body;
  bool done = false;
};

// Feeds `bytes` as a connection does: at most `step` new ones at a time, behind what is left over.
Outcome Parse(std::string_view bytes, std::size_t step) {
  HttpRequestParser parser(kLimits);
  Outcome out;
  std::size_t used = 0;
  for (std::size_t end = 0; !out.done && parser.failure().http_status == 0;) {
    if (end == bytes.size()) break;
    end = std::min(end + step, bytes.size());
    if (!parser.head_done()) used += parser.ParseHead(bytes.substr(used, end - used));
    if (parser.failure().http_status != 0 || !parser.head_done()) continue;
    if (parser.chunked() && used < end) {
      used += parser.ParseChunks(bytes.substr(used, end - used), out.body);
    }
    out.done = !parser.chunked() || parser.chunks_done();
  }
  CHECK(used <= bytes.size());
  CHECK(out.body.size() <= kLimits.body_bytes_max);
  out.failure = parser.failure().http_status;
  if (out.failure != 0 || !parser.head_done()) return out;
  CHECK(parser.content_length() <= kLimits.body_bytes_max);
  out.verb = parser.verb();
  out.path = parser.path();
  out.query = parser.query();
  for (const auto& [name, value] : parser.headers().fields()) {
    out.headers.append(name).append(":").append(value).append("\n");
  }
  CHECK(parser.headers().fields().size() <= kLimits.header_fields_max);
  return out;
}

}  // namespace
}  // namespace strata::server

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using strata::server::Parse;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto whole = Parse(bytes, bytes.size() + 1);
  const auto pieces = Parse(bytes, data[0] % 32 + 1);
  // Which of two errors is found first may depend on the cuts; that there is one may not.
  if (whole.done && pieces.done) {
    CHECK(whole.verb == pieces.verb && whole.path == pieces.path && whole.query == pieces.query);
    CHECK(whole.headers == pieces.headers);
    CHECK(AsText(whole.body) == AsText(pieces.body));
  }
  CHECK(whole.done == pieces.done || whole.failure != 0 || pieces.failure != 0);
  return 0;
}
