#include "server/otlp_endpoint.h"

#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "server/gzip_zeros_for_test.h"
#include "server/namespace_rule.h"

namespace strata::server {
namespace {

using ingest::IngestOutcome;
using ingest::IngestRequest;
using std::chrono::milliseconds;
using namespace std::string_literals;

class Keep final : public ReplySink {
 public:
  void Deliver(Response&& given) override { response = std::move(given); }
  std::stop_token Cancelled() override { return {}; }
  std::optional<Response> response;
};

// Answers with what the test sets, or keeps the request open.
class ScriptedTarget final : public ingest::IngestTarget {
 public:
  void Ingest(IngestRequest&& request, ingest::IngestDone done) override {
    requests.push_back(std::move(request));
    if (outcome) {
      done(std::exchange(outcome, IngestOutcome{}).value());
    } else {
      open = std::move(done);
    }
  }
  std::optional<IngestOutcome> outcome = IngestOutcome{};
  std::vector<IngestRequest> requests;
  ingest::IngestDone open;
};

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;
const Fields kProtobuf = {{"content-type", "application/x-protobuf"}};
const Fields kJson = {{"Content-Type", "application/json; charset=utf-8"}};

struct Face {
  explicit Face(OtlpOptions options = {}, std::uint64_t ledger_bytes = 1_MiB)
      : ledger(ledger_bytes), face(target, ledger, options) {
    face.AddTo(router);
    face.AddGrpcTo(router);
  }

  Response Ask(const Fields& fields, std::string_view body, std::string_view path = "/v1/logs",
               Transport transport = Transport::kHttp, std::string_view verb = "POST") {
    auto sink = std::make_shared<Keep>();
    HeaderView headers;
    for (const auto& [name, value] : fields) headers.Add(name, value);
    Request request;
    request.transport = transport;
    request.verb = verb;
    request.path = path;
    request.headers = &headers;
    request.body = Buffer::CopyOf(AsBytes(body));
    router.Handle(std::move(request), Reply(sink));
    Response none;
    none.http_status = 0;
    return sink->response.value_or(none);
  }
  Response Fail(Code code, std::string message, const Fields& fields = kJson) {
    target.outcome = IngestOutcome{.status = Error{code, std::move(message)}};
    return Ask(fields, "x");
  }

  Ledger ledger;
  ScriptedTarget target;
  OtlpFace face;
  Router router;
};

std::string Header(const Response& response, std::string_view name) {
  for (const auto& [field, value] : response.headers) {
    if (field == name) return value;
  }
  return {};
}

Fields With(Fields fields, std::string_view name, std::string_view value) {
  fields.emplace_back(name, value);
  return fields;
}

TEST(OtlpEndpoint, HandsOverWhatTheClientSent) {
  Face face;
  auto fields = With(With(kProtobuf, "X-Scope-OrgID", "prod-1"), "Idempotency-Key", "k1");
  EXPECT_EQ(face.Ask(fields, "logs").http_status, 200);
  face.Ask(kJson, "spans", "/v1/traces");
  face.Ask(kProtobuf, "", "/api/v1/otlp/v1/metrics");
  face.Ask({{"x-scope-orgid", "g"}}, "grpc",
           "/opentelemetry.proto.collector.trace.v1.TraceService/Export", Transport::kGrpc);
  ASSERT_EQ(face.target.requests.size(), 4U);
  const auto& logs = face.target.requests[0];
  EXPECT_EQ(logs.kind, model::Kind::kLogs);
  EXPECT_EQ(logs.encoding, ingest::Encoding::kProtobuf);
  EXPECT_EQ(logs.namespace_name, "prod-1");
  EXPECT_EQ(logs.idempotency_key, "k1");
  EXPECT_EQ(AsText(logs.payload), "logs");
  const auto& spans = face.target.requests[1];
  EXPECT_EQ(spans.kind, model::Kind::kSpans);
  EXPECT_EQ(spans.encoding, ingest::Encoding::kJson);
  EXPECT_EQ(spans.namespace_name, "default");
  EXPECT_EQ(spans.idempotency_key, "");
  EXPECT_EQ(face.target.requests[2].kind, model::Kind::kMetrics);
  EXPECT_TRUE(face.target.requests[2].payload.empty());
  EXPECT_EQ(face.target.requests[3].namespace_name, "g");
  EXPECT_EQ(face.target.requests[3].encoding, ingest::Encoding::kProtobuf);
}

TEST(OtlpEndpoint, SuccessAnswersInTheSameEncoding) {
  Face face;
  face.target.outcome = IngestOutcome{.receipt = 77};
  Response answer = face.Ask(kProtobuf, "x");
  EXPECT_EQ(answer.http_status, 200);
  EXPECT_EQ(answer.content_type, "application/x-protobuf");
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(Header(answer, "strata-receipt"), "77");
  EXPECT_EQ(Header(answer, "strata-duplicate"), "");

  face.target.outcome = IngestOutcome{.receipt = 78, .duplicate = true};
  answer = face.Ask(kJson, "x");
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(answer.body, "{}");
  EXPECT_EQ(Header(answer, "strata-receipt"), "78");
  EXPECT_EQ(Header(answer, "strata-duplicate"), "true");

  face.target.outcome = IngestOutcome{};  // empty: no frame, no receipt
  EXPECT_TRUE(face.Ask(kJson, "").headers.empty());

  face.target.outcome = IngestOutcome{.receipt = 5, .rejected = 2, .message = "bad id"};
  answer = face.Ask(kJson, "x", "/v1/traces");
  EXPECT_EQ(answer.http_status, 200);
  EXPECT_EQ(answer.body, R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"bad id"}})");
}

TEST(OtlpEndpoint, ErrorsHaveTheirStatus) {
  struct Case {
    Code code;
    int http;
    GrpcCode grpc;
    bool retry;
  };
  const Case cases[] = {
      {Code::kInvalidInput, 400, GrpcCode::kInvalidArgument, false},
      {Code::kForbidden, 403, GrpcCode::kPermissionDenied, false},
      {Code::kConflict, 409, GrpcCode::kAlreadyExists, false},
      {Code::kTooLarge, 413, GrpcCode::kResourceExhausted, false},
      {Code::kExhausted, 503, GrpcCode::kUnavailable, true},
      {Code::kUnavailable, 503, GrpcCode::kUnavailable, true},
      {Code::kIo, 503, GrpcCode::kUnavailable, true},
      {Code::kTimeout, 504, GrpcCode::kDeadlineExceeded, false},
      {Code::kCorrupt, 500, GrpcCode::kInternal, false},
  };
  for (const auto& [code, http, grpc, retry] : cases) {
    SCOPED_TRACE(CodeName(code));
    Face face;
    const Response answer = face.Fail(code, "because");
    EXPECT_EQ(answer.http_status, http);
    EXPECT_EQ(answer.grpc_status, grpc);
    EXPECT_EQ(answer.grpc_message, "because");
    EXPECT_EQ(Header(answer, "retry-after"), retry ? "1" : "");
    EXPECT_EQ(answer.body.find("RetryInfo") != std::string::npos, retry);
    EXPECT_TRUE(answer.body.starts_with("{\"code\":" + std::to_string(static_cast<int>(grpc))));
  }
  Face face;
  EXPECT_EQ(face.Fail(Code::kForbidden, "no", kProtobuf).body, "\x08\x07\x12\x02no"s);
  face.target.outcome =
      IngestOutcome{.status = Error{Code::kExhausted, "full"}, .retry_after = milliseconds(2500)};
  const Response later = face.Ask(kJson, "x");
  EXPECT_EQ(Header(later, "retry-after"), "3");
  EXPECT_NE(later.body.find("\"retryDelay\":\"2.500s\""), std::string::npos);
}

TEST(OtlpEndpoint, RefusesWhatIsNotOtlp) {
  Face face;
  for (const Fields& fields :
       {Fields{}, Fields{{"content-type", "text/plain"}},
        Fields{{"content-type", "application/x-protobuf2"}}, With(kJson, "content-encoding", "br"),
        With(kJson, "content-encoding", "gzip, gzip")}) {
    const Response answer = face.Ask(fields, "x");
    EXPECT_EQ(answer.http_status, 415);
    EXPECT_EQ(answer.content_type, "application/json");
    EXPECT_NE(Header(answer, "accept-encoding"), "");
  }
  EXPECT_EQ(face.Ask(kJson, "", "/v1/logs", Transport::kHttp, "GET").http_status, 405);
  EXPECT_EQ(face.Ask(kProtobuf, "", "/v1/profiles").http_status, 404);
  EXPECT_EQ(face.Ask(kProtobuf, "", "/v1/profiles").content_type, "application/x-protobuf");
  EXPECT_EQ(face.Ask({}, "", "/opentelemetry.proto.collector.logs.v1.LogsService/Nothing",
                     Transport::kGrpc)
                .grpc_status,
            GrpcCode::kUnimplemented);
  EXPECT_EQ(face.Ask(With(kJson, "idempotency-key", std::string(257, 'k')), "x").http_status, 400);
  EXPECT_TRUE(face.target.requests.empty());
}

TEST(OtlpEndpoint, BadNamespacesStoreNothing) {
  Face face;
  for (const std::string& name :
       {""s, "-a"s, "_a"s, "a b"s, "a/b"s, "../x"s, "h\xc3\xa4"s, std::string(64, 'a')}) {
    EXPECT_FALSE(IsNamespaceName(name));
    const Response answer = face.Ask(With(kJson, "x-scope-orgid", name), "x");
    EXPECT_EQ(answer.http_status, 400) << name;
    EXPECT_NE(answer.body.find("\"field\":\"X-Scope-OrgID\""), std::string::npos);
    EXPECT_EQ(
        face.Ask({{"x-scope-orgid", name}}, "x",
                 "/opentelemetry.proto.collector.logs.v1.LogsService/Export", Transport::kGrpc)
            .grpc_status,
        GrpcCode::kInvalidArgument);
  }
  EXPECT_TRUE(face.target.requests.empty());
  for (const std::string& name : {"a"s, "0"s, "A-b_9"s, std::string(63, 'a')}) {
    EXPECT_TRUE(IsNamespaceName(name));
  }
}

TEST(OtlpEndpoint, DecompressesWithinTheLimit) {
  Face face({.decoded_bytes_max = 1'000'000}, 1'500'000);
  const Fields gzip = With(kProtobuf, "Content-Encoding", "gzip");
  face.target.outcome.reset();
  face.Ask(gzip, GzipZeros(1));
  ASSERT_EQ(face.target.requests.size(), 1U);
  EXPECT_EQ(face.target.requests[0].payload.size(), 1'000'000U);
  // What it inflated to is in flight until it is answered; a second does not fit beside it.
  EXPECT_EQ(face.ledger.used_bytes(), 1'000'000U);
  EXPECT_EQ(face.Ask(gzip, GzipZeros(1)).http_status, 503);
  face.target.open(IngestOutcome{});
  face.target.open = {};
  EXPECT_EQ(face.ledger.used_bytes(), 0U);

  EXPECT_EQ(face.Ask(gzip, GzipZeros(2)).http_status, 413);
  EXPECT_EQ(face.Ask(gzip, GzipZeros(1100)).http_status, 413);  // more than a gibibyte
  EXPECT_EQ(face.Ask(gzip, GzipZeros(1).substr(0, 500)).http_status, 400);
  EXPECT_EQ(face.Ask(gzip, "no gzip at all").http_status, 400);
  EXPECT_EQ(face.Ask(gzip, "").http_status, 400);
  EXPECT_EQ(face.Ask(With(kProtobuf, "content-encoding", "zstd"), "x").http_status, 400);
  EXPECT_EQ(face.target.requests.size(), 1U);
}

TEST(OtlpEndpoint, AnAbandonedRequestIsAnswered) {
  Face face;
  face.target.outcome.reset();
  auto sink = std::make_shared<Keep>();
  EXPECT_EQ(face.Ask(kJson, "x").http_status, 0);
  face.target
      .open = {};  // the pipeline goes away with it: Reply answers by itself (http_flow_test)
  EXPECT_EQ(face.ledger.used_bytes(), 0U);
}

}  // namespace
}  // namespace strata::server
