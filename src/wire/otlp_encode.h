// Rows become OTLP again: the protobuf of an Export*ServiceRequest, in canonical form.
//
// Canonical form: fields in ascending number order, fields that hold their default left out unless
// OTLP gives them presence, attributes of records, resources, scopes, events, links, exemplars and
// metrics by key with each key once (the last one given), neighbouring groups with equal heads
// merged, empty groups left out. Any request that was accepted whole satisfies
// CanonicalOtlp(request) == what OtlpEncoder makes of the rows it was decoded into; but a NaN in an
// attribute or body comes back as the usual quiet NaN.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "model/block.h"
#include "model/kind.h"
#include "wire/otlp_rows.h"

namespace strata::wire {

// Writes records of one kind; give them in their order in the request. A record joins the group of
// the one before it when resource and scope (and metric) are equal. Not thread-safe.
class OtlpEncoder {
 public:
  OtlpEncoder();
  ~OtlpEncoder();

  // Requires: attributes of all levels by key ascending, each key once.
  void Add(const ResourceRow& resource, const ScopeRow& scope, const LogRow& row);
  void Add(const ResourceRow& resource, const ScopeRow& scope, const SpanRow& row);
  void Add(const ResourceRow& resource, const ScopeRow& scope, const MetricRow& row);

  // The request; the encoder is empty again.
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The rows of one position as OTLP; empty when the slices have none. A request may span blocks: the
// slices are those of its collection, in the order of their rows in the request.
std::string EncodePosition(std::span<const model::BlockSlice> slices, std::uint64_t position);

// The canonical form of a request. kInvalidInput: malformed.
Result<std::string> CanonicalOtlp(model::Kind kind, ByteSpan request);

// Log records, spans or data points in a request, rejected ones included. kInvalidInput: malformed.
Result<std::uint64_t> CountRecords(model::Kind kind, ByteSpan request);

}  // namespace strata::wire
