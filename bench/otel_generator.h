// Deterministic OTLP requests as a web shop's services would send them. Every figure "per log row",
// "per span" and "per data point" of the benchmarks is about these.
//
// Log rows are byte for byte those of the studies that the targets come from (about 316 bytes each,
// 20 services, 100 pods, 20 message templates), so that figures stay comparable: do not change
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "otel_draw.h"

namespace strata::bench {

// Writes the protobuf of Export*ServiceRequests, each of `resources` resources with `records`
// records (log records, spans, data points). Not thread-safe; equal seeds give equal requests.
class OtelGenerator {
 public:
  explicit OtelGenerator(std::uint64_t seed) : random_(seed) {}

  std::string Logs(std::size_t resources, std::size_t records);
  std::string Spans(std::size_t resources, std::size_t records);
  // Gauges, sums and histograms in turn, ten points a metric.
  std::string Metrics(std::size_t resources, std::size_t records);

 private:
  void AppendLogRecord(std::string& scope_logs);
  void AppendSpan(std::string& scope_spans, std::uint32_t resource);
  std::string DataPoint(bool is_histogram, std::size_t series);
  void NextTrace();

  Random random_;
  std::uint64_t time_ = 1763600000000000000ULL;
  char trace_id_[16] = {};
  char parent_span_id_[8] = {};
  std::uint64_t records_left_of_trace_ = 0;
};

}  // namespace strata::bench
