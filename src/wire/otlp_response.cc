#include "wire/otlp_response.h"

#include <cstdio>

#include "wire/json_string.h"

namespace strata::wire {

namespace {

// --- protobuf: only varints and length-delimited fields are needed.

void AppendVarint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

// Zero is proto3's default and is not written.
void AppendVarintField(std::string& out, unsigned field, std::uint64_t value) {
  if (value == 0) return;
  AppendVarint(out, field << 3);
  AppendVarint(out, value);
}

void AppendBytesField(std::string& out, unsigned field, std::string_view bytes) {
  AppendVarint(out, field << 3 | 2);
  AppendVarint(out, bytes.size());
  out += bytes;
}

void AppendTextField(std::string& out, unsigned field, std::string_view text) {
  if (!text.empty()) AppendBytesField(out, field, ValidUtf8(text));
}

constexpr std::string_view kRetryInfo = "type.googleapis.com/google.rpc.RetryInfo";
constexpr std::string_view kBadRequest = "type.googleapis.com/google.rpc.BadRequest";

void AppendAnyField(std::string& out, unsigned field, std::string_view type,
                    std::string_view value) {
  std::string any;
  AppendBytesField(any, 1, type);
  AppendBytesField(any, 2, value);
  AppendBytesField(out, field, any);
}

std::string StatusProtobuf(const RpcStatus& status) {
  std::string out;
  AppendVarintField(out, 1, static_cast<std::uint64_t>(status.code));
  AppendTextField(out, 2, status.message);
  if (status.retry_delay) {
    const auto millis = static_cast<std::uint64_t>(status.retry_delay->count());
    std::string duration;
    AppendVarintField(duration, 1, millis / 1000);
    AppendVarintField(duration, 2, millis % 1000 * 1'000'000);
    std::string retry_info;
    AppendBytesField(retry_info, 1, duration);
    AppendAnyField(out, 3, kRetryInfo, retry_info);
  }
  if (!status.bad_field.empty()) {
    std::string violation;
    AppendTextField(violation, 1, status.bad_field);
    AppendTextField(violation, 2, status.message);
    std::string bad_request;
    AppendBytesField(bad_request, 1, violation);
    AppendAnyField(out, 3, kBadRequest, bad_request);
  }
  return out;
}

// proto3's JSON form of a Duration: seconds with 0 or 3 decimals here.
std::string DurationJson(std::chrono::milliseconds duration) {
  char text[48];
  const auto millis = static_cast<long long>(duration.count());
  const int length =
      millis % 1000 == 0
          ? std::snprintf(text, sizeof text, "\"%llds\"", millis / 1000)
          : std::snprintf(text, sizeof text, "\"%lld.%03llds\"", millis / 1000, millis % 1000);
  return {text, static_cast<std::size_t>(length)};
}

std::string StatusJson(const RpcStatus& status) {
  std::string out = "{\"code\":" + std::to_string(status.code) + ",\"message\":";
  AppendJsonString(out, status.message);
  std::string details;
  if (status.retry_delay) {
    details.append("{\"@type\":\"").append(kRetryInfo).append("\",\"retryDelay\":");
    details += DurationJson(*status.retry_delay) + "}";
  }
  if (!status.bad_field.empty()) {
    if (!details.empty()) details += ',';
    details.append("{\"@type\":\"").append(kBadRequest);
    details += "\",\"fieldViolations\":[{\"field\":";
    AppendJsonString(details, status.bad_field);
    details += ",\"description\":";
    AppendJsonString(details, status.message);
    details += "}]}";
  }
  if (!details.empty()) out += ",\"details\":[" + details + "]";
  return out + "}";
}

std::string_view RejectedName(model::Kind kind) {
  switch (kind) {
    case model::Kind::kLogs:
      return "rejectedLogRecords";
    case model::Kind::kSpans:
      return "rejectedSpans";
    case model::Kind::kMetrics:
      return "rejectedDataPoints";
  }
  return "rejected";
}

}  // namespace

std::string_view ContentTypeOf(OtlpFormat format) {
  return format == OtlpFormat::kJson ? "application/json" : "application/x-protobuf";
}

std::string EncodeExportResponse(model::Kind kind, OtlpFormat format, std::uint64_t rejected,
                                 std::string_view message) {
  const bool partial = rejected != 0 || !message.empty();
  if (format == OtlpFormat::kProtobuf) {
    // The three responses share their field numbers.
    std::string out;
    if (partial) {
      std::string partial_success;
      AppendVarintField(partial_success, 1, rejected);
      AppendTextField(partial_success, 2, message);
      AppendBytesField(out, 1, partial_success);
    }
    return out;
  }
  if (!partial) return "{}";
  std::string out = "{\"partialSuccess\":{";
  if (rejected != 0) {
    out.append("\"").append(RejectedName(kind));
    out += "\":\"" + std::to_string(rejected) + "\"";  // int64 is a string in proto3's JSON
  }
  if (!message.empty()) {
    out += rejected != 0 ? ",\"errorMessage\":" : "\"errorMessage\":";
    AppendJsonString(out, message);
  }
  return out + "}}";
}

std::string EncodeRpcStatus(OtlpFormat format, const RpcStatus& status) {
  return format == OtlpFormat::kJson ? StatusJson(status) : StatusProtobuf(status);
}

}  // namespace strata::wire
