// What an OTLP receiver answers, as bytes: Export*ServiceResponse and google.rpc.Status, in
// protobuf and in JSON (https://opentelemetry.io/docs/specs/otlp/).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/kind.h"

namespace strata::wire {

enum class OtlpFormat : std::uint8_t { kProtobuf, kJson };

// application/x-protobuf or application/json.
std::string_view ContentTypeOf(OtlpFormat format);

// The success body of the kind's Export call. `partial_success` is set only when something was
// rejected or there is something to say.
std::string EncodeExportResponse(model::Kind kind, OtlpFormat format, std::uint64_t rejected,
                                 std::string_view message);

// google.rpc.Status with the details that OTLP clients understand.
struct RpcStatus {
  int code = 0;  // a gRPC status code
  std::string_view message = {};
  // RetryInfo: the client may send the request again after this time.
  std::optional<std::chrono::milliseconds> retry_delay = std::nullopt;
  // BadRequest: the field of the request that is wrong; empty: no such detail.
  std::string_view bad_field = {};
};
std::string EncodeRpcStatus(OtlpFormat format, const RpcStatus& status);

}  // namespace strata::wire
