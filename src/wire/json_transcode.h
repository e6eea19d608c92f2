// JSON of one OTLP message to its protobuf, for any message of otlp_schema.h. Internal to wire.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/otlp_schema.h"

namespace strata::wire {

// Appends the message's fields to `out`. The rules and the errors are those of otlp_json.h.
Status TranscodeJson(std::string_view json, const MessageSpec& spec, std::size_t output_bytes_max,
                     std::string& out);

}  // namespace strata::wire
