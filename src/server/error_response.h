// Errors as a client of the route expects them, for answers that are given before or without the
// route's own handler.
#pragma once

#include <string>
#include <string_view>

#include "server/handler.h"

namespace strata::server {

// HTTP: google.rpc.Status for OTLP (in protobuf when the request's content type is protobuf, else
// JSON), `{"error":{"code","message","hint"}}` for every other path. gRPC: the status alone.
// `retry`: the client may send the same again in a second.
Response ErrorResponse(std::string_view path, std::string_view content_type, WireStatus status,
                       std::string_view message, bool retry = false);

// The API's form of an error: `code` is a short name such as not_found.
std::string ApiErrorBody(std::string_view code, std::string_view message, std::string_view hint);

// Content types are compared without their parameters and without case:
// "Application/JSON; charset=utf-8" is application/json.
bool IsMediaType(std::string_view content_type, std::string_view lower_case_type);

}  // namespace strata::server
