#include "server/otlp_endpoint.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/fault_point.h"
#include "server/error_response.h"
#include "server/namespace_rule.h"
#include "wire/decompress.h"
#include "wire/otlp_response.h"

namespace strata::server {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetryDelayDefault{1000};

// Retry-After counts whole seconds.
std::string RetryAfterText(milliseconds delay) {
  return std::to_string(std::max<std::int64_t>(1, (delay.count() + 999) / 1000));
}

bool IsRetryable(WireStatus status) {
  return status.http == 503;
}

// What an answer needs to know about the request it is for; travels with it through the pipeline.
struct Answer {
  model::Kind kind;
  wire::OtlpFormat format;
  Ledger::Hold decoded;  // the decompressed bytes, as long as they are in flight
  Reply reply;

  void Fail(WireStatus status, std::string_view message, std::string_view bad_field = {},
            std::optional<milliseconds> retry_after = std::nullopt) {
    const auto retry_delay = IsRetryable(status)
                                 ? std::optional(retry_after.value_or(kRetryDelayDefault))
                                 : std::nullopt;
    Response response;
    response.http_status = status.http;
    response.grpc_status = status.grpc;
    response.grpc_message = message;
    response.content_type = wire::ContentTypeOf(format);
    response.body = wire::EncodeRpcStatus(format, {.code = static_cast<int>(status.grpc),
                                                   .message = message,
                                                   .retry_delay = retry_delay,
                                                   .bad_field = bad_field});
    if (retry_delay) response.headers.emplace_back("retry-after", RetryAfterText(*retry_delay));
    if (status.http == 415) {
      response.headers.emplace_back("accept-encoding", "gzip, deflate, zstd, identity");
    }
    reply(std::move(response));
  }

  void Fail(const Error& error, std::string_view bad_field,
            std::optional<milliseconds> retry_after = std::nullopt) {
    const WireStatus status = WireStatusOf(error.code);
    Fail(status, error.message, status.http == 400 ? bad_field : std::string_view(), retry_after);
  }

  void Give(ingest::IngestOutcome&& outcome) {
    if (!outcome.status) return Fail(outcome.status.error(), "body", outcome.retry_after);
    Response response;
    response.content_type = wire::ContentTypeOf(format);
    response.body = wire::EncodeExportResponse(kind, format, outcome.rejected, outcome.message);
    if (outcome.receipt != 0) {
      response.headers.emplace_back("strata-receipt", std::to_string(outcome.receipt));
    }
    if (outcome.duplicate) response.headers.emplace_back("strata-duplicate", "true");
    FaultPoint<"server.answer.encoded">();
    reply(std::move(response));
  }
};

// The format of request and answer; nullopt: not one of OTLP's.
std::optional<wire::OtlpFormat> FormatOf(const Request& request) {
  if (request.transport == Transport::kGrpc) return wire::OtlpFormat::kProtobuf;
  const std::string_view content_type = request.headers->Get("content-type");
  if (IsMediaType(content_type, "application/x-protobuf")) return wire::OtlpFormat::kProtobuf;
  if (IsMediaType(content_type, "application/json")) return wire::OtlpFormat::kJson;
  return std::nullopt;
}

Result<std::string> IdempotencyKeyOf(const HeaderView& headers, std::size_t bytes_max) {
  const std::string_view key = headers.Get("idempotency-key");
  if (key.size() <= bytes_max) return std::string(key);
  return Error{Code::kInvalidInput,
               "Idempotency-Key is longer than " + std::to_string(bytes_max) + " bytes"};
}

}  // namespace

void OtlpEndpoint::Handle(Request&& request, Reply reply) {
  const HeaderView& headers = *request.headers;
  const auto format = FormatOf(request);
  Answer answer{.kind = kind_,
                .format = format.value_or(wire::OtlpFormat::kJson),
                .decoded = Ledger::Hold(ledger_),
                .reply = std::move(reply)};
  if (!format) {
    return answer.Fail({415, GrpcCode::kInvalidArgument},
                       "the content type must be application/x-protobuf or application/json");
  }
  // gRPC's transport decodes its messages itself; its metadata have no say in it.
  const auto coding = request.transport == Transport::kGrpc
                          ? wire::ContentCoding::kIdentity
                          : wire::ContentCodingFromName(headers.Get("content-encoding"));
  if (!coding) {
    return answer.Fail({415, GrpcCode::kInvalidArgument},
                       "the content encoding must be gzip, deflate, zstd or identity");
  }
  auto namespace_name = NamespaceOf(headers);
  if (!namespace_name) return answer.Fail(namespace_name.error(), "X-Scope-OrgID");
  answer.decoded.ChargeTo(headers.Get(kNamespaceHeader));
  auto key = IdempotencyKeyOf(headers, idempotency_key_bytes_max_);
  if (!key) return answer.Fail(key.error(), "Idempotency-Key");
  if (*coding != wire::ContentCoding::kIdentity) {
    auto decoded = wire::Decompress(*coding, std::move(request.body),
                                    decoded_bytes_max_.load(std::memory_order_relaxed));
    if (!decoded) return answer.Fail(decoded.error(), "body");
    request.body = *std::move(decoded);
    if (!answer.decoded.GrowTo(request.body.size())) {
      return answer.Fail({503, GrpcCode::kUnavailable}, "too many bytes of requests are in flight");
    }
  }
  ingest::IngestRequest ingest{.kind = kind_,
                               .encoding = *format == wire::OtlpFormat::kJson
                                               ? ingest::Encoding::kJson
                                               : ingest::Encoding::kProtobuf,
                               .namespace_name = *std::move(namespace_name),
                               .idempotency_key = *std::move(key),
                               .payload = std::move(request.body)};
  target_.Ingest(std::move(ingest),
                 [answer = std::move(answer)](ingest::IngestOutcome&& outcome) mutable {
                   answer.Give(std::move(outcome));
                 });
}

OtlpFace::OtlpFace(ingest::IngestTarget& target, Ledger& ledger, const OtlpOptions& options)
    : logs_(model::Kind::kLogs, target, ledger, options),
      spans_(model::Kind::kSpans, target, ledger, options),
      metrics_(model::Kind::kMetrics, target, ledger, options) {}

void OtlpFace::LimitDecoded(std::size_t bytes_max) {
  for (OtlpEndpoint* endpoint : {&logs_, &spans_, &metrics_}) endpoint->LimitDecoded(bytes_max);
}

void OtlpFace::AddTo(Router& router) {
  for (const std::string_view prefix : {"", "/api/v1/otlp", "/otlp"}) {
    router.Add("POST", std::string(prefix) + "/v1/logs", logs_);
    router.Add("POST", std::string(prefix) + "/v1/traces", spans_);
    router.Add("POST", std::string(prefix) + "/v1/metrics", metrics_);
  }
}

void OtlpFace::AddGrpcTo(Router& router) {
  const std::string package = "/opentelemetry.proto.collector.";
  router.Add("POST", package + "logs.v1.LogsService/Export", logs_);
  router.Add("POST", package + "trace.v1.TraceService/Export", spans_);
  router.Add("POST", package + "metrics.v1.MetricsService/Export", metrics_);
}

}  // namespace strata::server
