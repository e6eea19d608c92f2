// Property: whatever stands in a request's path, query, fields and body, it is answered once, in
// order, never as a defect of ours, and what the targets behind the routes are handed is valid.
// The first byte chooses the transport, the rest is an HTTP/1.1 head and a body.
#include <algorithm>
#include <array>
#include <cstdint>
#include <future>
#include <string>

#include "base/check.h"
#include "server/api.h"
#include "server/http_request_parser.h"
#include "server/namespace_rule.h"
#include "server/otlp_endpoint.h"

namespace strata::server {
namespace {

class Sql final : public query::SqlTarget {
 public:
  void Run(query::SqlRequest&& request, Callback<void(query::SqlAnswer&&)> done,
           std::stop_token) override {
    CHECK(IsNamespaceName(request.namespace_name));
    CHECK(request.params_json.empty() || request.params_json.front() == '[');
    done({});
  }
};

class Store final : public ingest::IngestTarget {
 public:
  void Ingest(ingest::IngestRequest&& request, ingest::IngestDone done) override {
    CHECK(IsNamespaceName(request.namespace_name));
    CHECK(request.idempotency_key.size() <= OtlpOptions{}.idempotency_key_bytes_max);
    CHECK(request.payload.size() <= OtlpOptions{}.decoded_bytes_max);
    done({.receipt = 7});
  }
};

// Everything behind the listeners; one for the life of the process.
struct Face {
  Face()
      : api({.sql = sql,
             .find_receipt = FindReceipt,
             .debug_store = [] { return std::string("{}"); },
             .ready = {}},
            {}, registry),
        otlp(ingest, ledger) {
    api.AddTo(router);
    api.AddGrpcHealthTo(grpc_router);
    otlp.AddTo(router);
    otlp.AddTo(grpc_router);
  }
  static Result<std::string> FindReceipt(std::string_view name, std::uint64_t position) {
    CHECK(IsNamespaceName(name) && position != 0);
    return std::string("{}");
  }
  static Face& Get() {
    static Face face;
    return face;
  }

  Sql sql;
  Store ingest;
  Ledger ledger{64_MiB};
  model::Registry registry;
  Api api;
  OtlpFace otlp;
  Router router;
  Router grpc_router;
};

class Sink final : public ReplySink {
 public:
  void Deliver(Response&& response) override { answer.set_value(std::move(response)); }
  std::stop_token Cancelled() override { return {}; }
  std::promise<Response> answer;  // throws when it is given twice
};

void CheckAnswer(const Response& response) {
  static constexpr std::array kUsual = {200, 400, 404, 405, 413, 415, 431, 501};
  CHECK(std::ranges::find(kUsual, response.http_status) != kUsual.end());
  CHECK(response.grpc_status != GrpcCode::kInternal && response.grpc_status != GrpcCode::kUnknown);
}

void Handle(Transport transport, std::string_view bytes) {
  HttpRequestParser parser({.header_bytes_max = 4096, .header_fields_max = 16});
  const std::size_t used = parser.ParseHead(bytes);
  if (parser.failure().http_status != 0 || !parser.head_done()) return;
  const bool grpc = transport == Transport::kGrpc;
  Request request;
  request.transport = transport;
  request.verb = grpc ? "POST" : parser.verb();
  request.path = parser.path();
  request.query = grpc ? std::string_view() : parser.query();
  request.headers = &parser.headers();
  request.peer = "127.0.0.1:1";
  request.body = Buffer::CopyOf(AsBytes(bytes.substr(used)));
  const auto sink = std::make_shared<Sink>();
  auto answer = sink->answer.get_future();
  Face& face = Face::Get();
  (grpc ? face.grpc_router : face.router).Handle(std::move(request), Reply(sink));
  CheckAnswer(answer.get());
}

// A parameter that was written by the rules is read back as it was, whatever stands around it.
void CheckParameter(std::string_view bytes) {
  const std::string_view value = bytes.substr(0, bytes.find('\n'));
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string query = "x=%zz&=&&y&value=";
  for (const char c : value) {
    query += '%';
    query += kDigits[static_cast<unsigned char>(c) >> 4];
    query += kDigits[static_cast<unsigned char>(c) & 15];
  }
  query += "&value=other&";
  Request request;
  request.query = query;
  CHECK(request.QueryParameter("value") == value);
  request.query = bytes;
  (void)request.QueryParameter("format");
}

}  // namespace
}  // namespace strata::server

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata::server;  // NOLINT(google-build-using-namespace)
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  Handle(data[0] % 2 == 0 ? Transport::kHttp : Transport::kGrpc, bytes);
  CheckParameter(bytes);
  return 0;
}
