#include "ingest/ingest_metrics.h"

#include <string>
#include <string_view>

namespace strata::ingest {
namespace {

constexpr std::array<std::string_view, 7> kReasons = {
    "invalid", "conflict", "too_large", "exhausted", "unavailable", "io", "other"};

std::size_t ReasonOf(Code code) {
  switch (code) {
    case Code::kInvalidInput:
      return 0;
    case Code::kConflict:
      return 1;
    case Code::kTooLarge:
      return 2;
    case Code::kExhausted:
      return 3;
    case Code::kUnavailable:
      return 4;
    case Code::kIo:
      return 5;
    default:
      return 6;
  }
}

}  // namespace

IngestMetrics::IngestMetrics(model::Registry& registry) {
  for (const model::Kind kind : model::kKinds) {
    const model::MetricLabels labels = {{"kind", std::string(model::KindName(kind))}};
    OfKind& of = Of(kind);
    of.requests = &registry.AddCounter("strata_ingest_requests_total",
                                       "Requests that became durable.", labels);
    of.records = &registry.AddCounter("strata_ingest_records_total",
                                      "Records that became durable and visible.", labels);
    of.bytes = &registry.AddCounter("strata_ingest_payload_bytes_total",
                                    "Protobuf bytes of durable requests, decompressed.", labels);
    of.rejected_records = &registry.AddCounter(
        "strata_ingest_rejected_records_total",
        "Records of durable or wholly rejected requests that were not stored; the sender was told.",
        labels);
    of.duplicates = &registry.AddCounter("strata_ingest_duplicates_total",
                                         "Requests that were stored already.", labels);
  }
  for (std::size_t i = 0; i < kReasons.size(); ++i) {
    refused[i] = &registry.AddCounter("strata_ingest_refused_requests_total",
                                      "Requests that were answered with an error.",
                                      {{"reason", std::string(kReasons[i])}});
  }
  decode_seconds = &registry.AddHistogram(
      "strata_ingest_decode_seconds", "Decoding one request into its lane.", model::kSecondsBounds);
}

void IngestMetrics::CountRefusal(const Error& error) {
  refused[ReasonOf(error.code)]->Add();
}

}  // namespace strata::ingest
