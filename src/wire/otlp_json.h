// OTLP/JSON becomes OTLP/protobuf, so that one decoder and one stored form exist.
#pragma once

#include <cstddef>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"
#include "model/kind.h"

namespace strata::wire {

// The protobuf of the same Export*ServiceRequest. Deterministic: it depends on names and values
// only, not on white space or the order of keys. Fields of a message are in ascending number order.
//
// Rules of OTLP/JSON: ids in hex of either case, 64-bit integers as number or string, enums as
// integers, doubles also as "NaN", "Infinity", "-Infinity" or a decimal string, bytes in base64,
// null means absent, unknown keys are ignored, of a duplicate key the last counts. An id that is no
// hex, or of a wrong length, is encoded with a wrong length: the decoder then rejects that record
// alone.
//
// kInvalidInput: not JSON, or a known key has a value of another type. kTooLarge: more than
// `output_bytes_max` bytes come out. Any thread. Memory while it runs: about 14 bytes of address
// space for each byte of JSON, of which ordinary requests touch a tenth.
Result<Buffer> OtlpJsonToProtobuf(model::Kind kind, ByteSpan json, std::size_t output_bytes_max);

}  // namespace strata::wire
