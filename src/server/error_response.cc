#include "server/error_response.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "wire/json_string.h"
#include "wire/otlp_response.h"

namespace strata::server {

namespace {

constexpr std::chrono::milliseconds kRetryDelay{1000};

// The errors of OTLP are google.rpc.Status under each of its prefixes.
bool IsOtlpPath(std::string_view path) {
  for (const std::string_view prefix : {"/v1/", "/v1development/", "/api/v1/otlp/", "/otlp/"}) {
    if (path.starts_with(prefix)) return true;
  }
  return false;
}

std::string_view ApiCodeName(int http_status) {
  switch (http_status) {
    case 403:
      return "forbidden";
    case 404:
      return "not_found";
    case 405:
      return "method_not_allowed";
    case 408:
      return "timeout";
    case 413:
      return "too_large";
    case 415:
      return "unsupported_media_type";
    case 429:
    case 503:
      return "unavailable";
    default:
      return http_status < 500 ? "invalid_input" : "internal";
  }
}

}  // namespace

bool IsMediaType(std::string_view content_type, std::string_view lower_case_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  return std::ranges::equal(content_type, lower_case_type, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b;
  });
}

std::string ApiErrorBody(std::string_view code, std::string_view message, std::string_view hint) {
  std::string out = "{\"error\":{\"code\":";
  wire::AppendJsonString(out, code);
  out += ",\"message\":";
  wire::AppendJsonString(out, message);
  out += ",\"hint\":";
  wire::AppendJsonString(out, hint);
  return out + "}}\n";
}

Response ErrorResponse(std::string_view path, std::string_view content_type, WireStatus status,
                       std::string_view message, bool retry) {
  Response response;
  response.http_status = status.http;
  response.grpc_status = status.grpc;
  response.grpc_message = message;
  if (retry) response.headers.emplace_back("retry-after", "1");
  const bool protobuf = IsMediaType(content_type, "application/x-protobuf");
  if (protobuf || IsOtlpPath(path)) {
    const auto format = protobuf ? wire::OtlpFormat::kProtobuf : wire::OtlpFormat::kJson;
    response.content_type = wire::ContentTypeOf(format);
    response.body = wire::EncodeRpcStatus(
        format, {.code = static_cast<int>(status.grpc),
                 .message = message,
                 .retry_delay = retry ? std::optional(kRetryDelay) : std::nullopt,
                 .bad_field = {}});
  } else {
    response.content_type = "application/json";
    response.body = ApiErrorBody(ApiCodeName(status.http), message, "");
  }
  return response;
}

}  // namespace strata::server
