// What decoding costs: OTLP requests of 1,000 records (otel_generator.h) into the columns of a
// lane. Defends: 250 ns a log row on the reference machine (docs: performance). `ns_per_record` is
// CPU time.
#include <chrono>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "model/row_writer.h"
#include "otel_generator.h"
#include "wire/otlp_decode.h"

namespace strata {
namespace {

constexpr std::size_t kRequests = 200;

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

std::chrono::nanoseconds ThreadCpu() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

struct Shape {
  std::size_t resources;
  std::size_t records;  // of each resource
};
constexpr Shape kBatch{.resources = 5, .records = 200};
constexpr Shape kSingle{.resources = 1, .records = 1};

std::string MakeRequest(model::Kind kind, Shape shape, bench::OtelGenerator& generator) {
  switch (kind) {
    case model::Kind::kLogs:
      return generator.Logs(shape.resources, shape.records);
    case model::Kind::kSpans:
      return generator.Spans(shape.resources, shape.records);
    case model::Kind::kMetrics:
      return generator.Metrics(shape.resources, shape.records);
  }
  CHECK(false);
}

void DecodeRequests(benchmark::State& state, model::Kind kind, Shape shape) {
  bench::OtelGenerator generator(42);
  std::vector<std::string> requests;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < kRequests; ++i) {
    requests.push_back(MakeRequest(kind, shape, generator));
    bytes += requests.back().size();
  }
  BenchLane lane(kind);
  const wire::Limits limits;
  std::uint64_t records = 0;
  std::chrono::nanoseconds spent{0};
  std::string body;
  std::size_t next = 0;
  for (auto _ : state) {
    // A body comes warm from its socket.
    body = requests[next];
    next = (next + 1) % kRequests;
    const std::chrono::nanoseconds begin = ThreadCpu();
    model::RowWriter writer(lane);
    const auto outcome = wire::DecodeOtlp(kind, AsBytes(body), limits, writer);
    const std::chrono::nanoseconds taken = ThreadCpu() - begin;
    CHECK(outcome && outcome->rejected == 0);
    records += outcome->accepted;
    spent += taken;
    state.SetIterationTime(std::chrono::duration<double>(taken).count());
  }
  const double ns_per_record = static_cast<double>(spent.count()) / static_cast<double>(records);
  const double bytes_per_record =
      static_cast<double>(bytes) / static_cast<double>(kRequests * shape.resources * shape.records);
  state.counters["bytes_per_record"] = bytes_per_record;
  state.counters["ns_per_record"] = ns_per_record;
  state.counters["GB_per_s"] = bytes_per_record / ns_per_record;
}

BENCHMARK_CAPTURE(DecodeRequests, logs, model::Kind::kLogs, kBatch)->UseManualTime();
BENCHMARK_CAPTURE(DecodeRequests, spans, model::Kind::kSpans, kBatch)->UseManualTime();
BENCHMARK_CAPTURE(DecodeRequests, metrics, model::Kind::kMetrics, kBatch)->UseManualTime();
BENCHMARK_CAPTURE(DecodeRequests, one_log, model::Kind::kLogs, kSingle)->UseManualTime();

}  // namespace
}  // namespace strata

BENCHMARK_MAIN();
