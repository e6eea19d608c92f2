#include "wire/otlp_json.h"

#include <string>

#include "wire/json_transcode.h"

namespace strata::wire {

Result<Buffer> OtlpJsonToProtobuf(model::Kind kind, ByteSpan json, std::size_t output_bytes_max) {
  if (json.empty()) return Error{Code::kInvalidInput, "JSON: the body is empty"};
  std::string protobuf;
  protobuf.reserve(json.size() / 2);
  RETURN_IF_ERROR(TranscodeJson(AsText(json), RequestSpec(kind), output_bytes_max, protobuf));
  return Buffer::CopyOf(AsBytes(protobuf));
}

}  // namespace strata::wire
