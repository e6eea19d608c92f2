// Whether the process lives and whether it is ready, as each prober asks.
#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "server/api.h"
#include "server/handler.h"

namespace strata::server {

// 200 for as long as the process answers at all.
Response LiveResponse();

// 200 when every check passes, else 503. Text, one line a check:
//   ok log
//   failed disk: 98 % of the disk is used
//   backend=embedded
Response ReadyResponse(const std::vector<ReadyCheck>& checks, std::string_view backend);

// grpc.health.v1.Health/Check: SERVING when every check passes, else NOT_SERVING; for the server
// ("") and for OTLP's three services, NOT_FOUND for others.
Response GrpcHealthResponse(const std::vector<ReadyCheck>& checks, ByteSpan request);

}  // namespace strata::server
