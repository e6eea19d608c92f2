// What decoding costs: OTLP requests of 1,000 records (otel_generator.h) into the columns of a lane.
// Defends: 250 ns a log row on the reference machine (docs: performance). `ns_per_record` is CPU time.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "model/row_writer.h"
#include "otel_generator.h"
#include "wire/otlp_decode.h"

namespace strata {
namespace {

constexpr std::size_t kRequests = 200;
constexpr std::size_t kResources = 5;
constexpr std::size_t kRecordsOfResource = 200;

// A lane that keeps its last blocks, so that their memory is not at once used again.
class BenchLane final : public model::BlockSource {
 public:
  explicit BenchLane(model::Kind kind) : kind_(kind) { Roll(); }
  const std::shared_ptr<model::Block>& current() override { return blocks_.back(); }
  std::uint32_t& next_row() override { return next_row_; }
  void Roll() override {
    const model::BlockHints hints =
        blocks_.empty() ? model::BlockHints{} : blocks_.back()->HintsForNext();
    if (blocks_.size() == 4) blocks_.erase(blocks_.begin());
    blocks_.push_back(std::make_shared<model::Block>(kind_, model::kBlockRowsMax, hints));
    next_row_ = 0;
  }

 private:
  const model::Kind kind_;
  std::vector<std::shared_ptr<model::Block>> blocks_;
  std::uint32_t next_row_ = 0;
};

std::string MakeRequest(model::Kind kind, bench::OtelGenerator& generator) {
  switch (kind) {
    case model::Kind::kLogs:
      return generator.Logs(kResources, kRecordsOfResource);
    case model::Kind::kSpans:
      return generator.Spans(kResources, kRecordsOfResource);
    case model::Kind::kMetrics:
      return generator.Metrics(kResources, kRecordsOfResource);
  }
  CHECK(false);
}

void DecodeRequests(benchmark::State& state, model::Kind kind) {
  bench::OtelGenerator generator(42);
  std::vector<std::string> requests;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < kRequests; ++i) {
    requests.push_back(MakeRequest(kind, generator));
    bytes += requests.back().size();
  }
  BenchLane lane(kind);
  const wire::Limits limits;
  std::uint64_t records = 0;
  std::size_t next = 0;
  for (auto _ : state) {
    model::RowWriter writer(lane);
    const auto outcome = wire::DecodeOtlp(kind, AsBytes(requests[next]), limits, writer);
    CHECK(outcome && outcome->rejected == 0);
    records += outcome->accepted;
    next = (next + 1) % kRequests;
  }
  const double count = static_cast<double>(records);
  const double record_bytes =
      static_cast<double>(bytes) / static_cast<double>(kRequests * kResources * kRecordsOfResource);
  state.counters["bytes_per_record"] = record_bytes;
  state.counters["ns_per_record"] = benchmark::Counter(
      count * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["bytes_per_s"] =
      benchmark::Counter(count * record_bytes, benchmark::Counter::kIsRate);
}

BENCHMARK_CAPTURE(DecodeRequests, logs, model::Kind::kLogs);
BENCHMARK_CAPTURE(DecodeRequests, spans, model::Kind::kSpans);
BENCHMARK_CAPTURE(DecodeRequests, metrics, model::Kind::kMetrics);

}  // namespace
}  // namespace strata

BENCHMARK_MAIN();
