#include "server/health.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace strata::server {

namespace {

constexpr std::array<std::string_view, 4> kServices = {
    "",
    "opentelemetry.proto.collector.logs.v1.LogsService",
    "opentelemetry.proto.collector.trace.v1.TraceService",
    "opentelemetry.proto.collector.metrics.v1.MetricsService",
};

// HealthCheckRequest{string service = 1}: empty, or the one field, whose length fits in one byte
// for every name that is known. nullopt: anything else.
std::optional<std::string_view> ServiceOf(ByteSpan request) {
  const std::string_view text = AsText(request);
  if (text.empty()) return text;
  if (text.size() < 2 || text[0] != '\x0a') return std::nullopt;
  const std::string_view name = text.substr(2);
  if (static_cast<unsigned char>(text[1]) != name.size()) return std::nullopt;
  return name;
}

}  // namespace

Response LiveResponse() {
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = "ok\n";
  return response;
}

Response ReadyResponse(const std::vector<ReadyCheck>& checks, std::string_view backend) {
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  for (const ReadyCheck& check : checks) {
    if (const Status status = check.check(); status) {
      response.body += "ok " + check.name + "\n";
    } else {
      response.http_status = 503;
      response.body += "failed " + check.name + ": " + status.error().message + "\n";
    }
  }
  response.body.append("backend=").append(backend).append("\n");
  return response;
}

Response GrpcHealthResponse(const std::vector<ReadyCheck>& checks, ByteSpan request) {
  Response response;
  const auto service = ServiceOf(request);
  if (!service || std::ranges::find(kServices, *service) == kServices.end()) {
    response.http_status = 404;
    response.grpc_status = GrpcCode::kNotFound;
    response.grpc_message = "unknown service";
    return response;
  }
  const bool serving = std::ranges::all_of(
      checks, [](const ReadyCheck& check) { return check.check().has_value(); });
  // HealthCheckResponse{ServingStatus status = 1}: SERVING is 1, NOT_SERVING is 2.
  response.body = serving ? "\x08\x01" : "\x08\x02";
  return response;
}

}  // namespace strata::server
