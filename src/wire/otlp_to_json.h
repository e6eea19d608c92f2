// OTLP/protobuf becomes OTLP/JSON: the other direction of wire/otlp_json.h.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "model/kind.h"

namespace strata::wire {

// The JSON of an Export*ServiceRequest, without white space: lowerCamelCase names in the order of
// their numbers, ids in hex, 64-bit integers as strings, enums as numbers. Fields that OTLP does
// not have are left out. kInvalidInput: not well-formed, or values nest hundreds of levels deep.
Result<std::string> OtlpProtobufToJson(model::Kind kind, ByteSpan request);

}  // namespace strata::wire
