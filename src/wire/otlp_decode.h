// OTLP requests become rows: the protobuf of an Export{Logs,Trace,Metrics}ServiceRequest is read in
// place, in one pass, and written straight into the columns of a lane.
//
// Unknown fields are skipped (among them EntityRefs of resources and string-table indexes of
// profiles). Records that cannot be stored are rejected one by one, the others are stored.
// Threads: any; one RowWriter is used by one thread at a time.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "model/kind.h"
#include "model/row_writer.h"
#include "wire/limits.h"

namespace strata::wire {

// A record is a log record, a span, or a data point of a metric.
struct DecodeOutcome {
  std::uint64_t accepted = 0;
  std::uint64_t rejected = 0;
  std::uint64_t truncated_values = 0;  // texts longer than Limits::value_bytes
  std::uint64_t cut_attributes = 0;    // those beyond Limits::attributes
  // Every accepted record carries a time of its sender (time of logs and data points, start time of
  // spans): only then may a payload that comes twice be taken for a request sent twice.
  bool every_record_has_time = true;
  // For partial_success.error_message: why records were rejected, what was cut. At most 1 KiB.
  // Empty: nothing to say.
  std::string message;
};

// Rows of accepted records are in `writer`, unpublished. kInvalidInput: the request as a whole is
// not well-formed protobuf of that type; rows written until then must stay unpublished. Requires:
// the writer's blocks are of `kind`.
Result<DecodeOutcome> DecodeOtlp(model::Kind kind, ByteSpan request, const Limits& limits,
                                 model::RowWriter& writer);

}  // namespace strata::wire
