#include "app/chaos_sender.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include <poll.h>

#include "app/bench_connection.h"
#include "base/clock.h"
#include "net/http_client.h"

namespace strata::app {
namespace {

using Verdict = ChaosAnswer::Verdict;

// Longer than a server under test may take for anything; beyond it the request counts as lost on
// its way.
constexpr std::chrono::seconds kAnswerWait{20};

// What OTLP calls retryable: CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE,
// DATA_LOSS. gRPC itself cancels calls that reach a server which stops.
bool IsRetryable(int grpc_status) {
  constexpr int kRetryable[] = {1, 4, 10, 11, 14, 15};
  return std::ranges::count(kRetryable, grpc_status) > 0;
}

std::uint64_t NumberOf(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

class HttpSender final : public ChaosSender {
 public:
  HttpSender(net::HttpUrl url, const ChaosRoute& route)
      : client_(std::move(url), {.timeout = kAnswerWait}),
        name_space_(route.name_space),
        json_(route.transport == ChaosTransport::kHttpJson),
        keys_(route.keys) {}

  Result<ChaosAnswer> Send(const ChaosRequestId& id, const ChaosRequest& request) override {
    net::HttpRequest http{
        .method = "POST",
        .target = TargetOf(request.kind),
        .headers = {{"Content-Type", json_ ? "application/json" : "application/x-protobuf"},
                    {"X-Scope-OrgID", name_space_}},
        .body = AsBytes(json_ ? request.json : request.protobuf)};
    if (keys_) http.headers.emplace_back("Idempotency-Key", "chaos-" + id.Text());
    ASSIGN_OR_RETURN(const net::HttpResponse response, client_.Send(http));
    if (response.status == 200) {
      return ChaosAnswer{.verdict = Verdict::kStored,
                         .receipt = NumberOf(response.Header("strata-receipt")),
                         .duplicate = response.Header("strata-duplicate") == "true",
                         .rejected = response.body != (json_ ? "{}" : ""),
                         .text = response.body};
    }
    return ChaosAnswer{.verdict = response.status == 503 ? Verdict::kBusy : Verdict::kRefused,
                       .text = std::to_string(response.status) + " " + response.body};
  }

 private:
  static std::string TargetOf(model::Kind kind) {
    if (kind == model::Kind::kSpans) return "/v1/traces";
    return kind == model::Kind::kLogs ? "/v1/logs" : "/v1/metrics";
  }

  net::HttpClient client_;
  const std::string name_space_;
  const bool json_;
  const bool keys_;
};

class GrpcSender final : public ChaosSender {
 public:
  GrpcSender(net::HttpUrl url, std::string name_space)
      : url_(std::move(url)), name_space_(std::move(name_space)) {}

  Result<ChaosAnswer> Send(const ChaosRequestId&, const ChaosRequest& request) override {
    std::unique_ptr<BenchConnection>& connection =
        connections_[static_cast<std::size_t>(request.kind) - 1];
    if (connection == nullptr) {
      ASSIGN_OR_RETURN(
          connection,
          ConnectGrpc({.url = url_, .path = MethodOf(request.kind), .name_space = name_space_}));
    }
    RETURN_IF_ERROR(connection->Send(request.protobuf));
    ASSIGN_OR_RETURN(const BenchConnection::Answer answer, Await(*connection));
    return ChaosAnswer{.verdict = answer.success               ? Verdict::kStored
                                  : IsRetryable(answer.status) ? Verdict::kBusy
                                                               : Verdict::kRefused,
                       .receipt = answer.receipt,
                       .duplicate = answer.duplicate,
                       .text = "gRPC status " + std::to_string(answer.status)};
  }

 private:
  static std::string MethodOf(model::Kind kind) {
    const std::string package = "/opentelemetry.proto.collector.";
    if (kind == model::Kind::kSpans) return package + "trace.v1.TraceService/Export";
    if (kind == model::Kind::kLogs) return package + "logs.v1.LogsService/Export";
    return package + "metrics.v1.MetricsService/Export";
  }

  static Result<BenchConnection::Answer> Await(BenchConnection& connection) {
    const MonotonicTime deadline = SystemClock().Monotonic() + kAnswerWait;
    while (SystemClock().Monotonic() < deadline) {
      pollfd ready{.fd = connection.socket(),
                   .events = static_cast<short>(POLLIN | (connection.WantsWrite() ? POLLOUT : 0)),
                   .revents = 0};
      constexpr int kMillis = 100;
      if (::poll(&ready, 1, kMillis) <= 0) continue;
      ASSIGN_OR_RETURN(const BenchConnection::Answer answer, connection.OnReady());
      if (answer.complete) return answer;
    }
    return Error{Code::kTimeout, "no answer came"};
  }

  const net::HttpUrl url_;
  const std::string name_space_;
  std::unique_ptr<BenchConnection> connections_[std::size(model::kKinds)];
};

}  // namespace

Result<std::unique_ptr<ChaosSender>> MakeChaosSender(const ChaosRoute& route) {
  const bool grpc = route.transport == ChaosTransport::kGrpc;
  ASSIGN_OR_RETURN(auto url,
                   net::ParseHttpUrl("http://" + (grpc ? route.otlp_grpc : route.otlp_http)));
  if (grpc) {
    return std::unique_ptr<ChaosSender>(
        std::make_unique<GrpcSender>(std::move(url), route.name_space));
  }
  return std::unique_ptr<ChaosSender>(std::make_unique<HttpSender>(std::move(url), route));
}

}  // namespace strata::app
