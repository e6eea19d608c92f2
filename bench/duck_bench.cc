// What SQL and Parquet cost: the queries of the spine's table over a million hot log rows and two
// million in parts, and the CPU and bytes of a row on its way into a part. Prints medians.
//
//   duck_bench [folder for parts [rows of a row group [words in the names of the statements]]]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "duck/engine.h"
#include "duck/part_writer.h"
#include "model/row_writer.h"
#include "os/real_file_system.h"
#include "otel_generator.h"
#include "wire/otlp_decode.h"

namespace {

using namespace strata;

std::string g_only;

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Blocks as a lane makes them.
class Blocks final : public model::BlockSource {
 public:
  explicit Blocks(model::Kind kind) : kind_(kind) { Roll(); }
  const std::shared_ptr<model::Block>& current() override { return blocks_.back(); }
  std::uint32_t& next_row() override { return next_row_; }
  void Roll() override {
    const model::BlockHints hints =
        blocks_.empty() ? model::BlockHints() : blocks_.back()->HintsForNext();
    blocks_.push_back(std::make_shared<model::Block>(kind_, model::kBlockRowsMax, hints));
    next_row_ = 0;
  }

  void Decode(const std::string& request, std::uint64_t position) {
    model::RowWriter writer(*this);
    const auto outcome = wire::DecodeOtlp(kind_, AsBytes(request), wire::Limits(), writer);
    CHECK(outcome.has_value());
    for (const model::RowRange& range : writer.Rows()) {
      range.block->runs().Append({.position = position, .begin = range.begin, .end = range.end});
    }
  }
  std::vector<model::BlockSlice> Slices() const {
    std::vector<model::BlockSlice> slices;
    for (const auto& block : blocks_) {
      if (block->runs().size() == 0) continue;
      slices.push_back({.block = block, .first_run = 0, .last_run = block->runs().size()});
    }
    return slices;
  }

 private:
  const model::Kind kind_;
  std::vector<std::shared_ptr<model::Block>> blocks_;
  std::uint32_t next_row_ = 0;
};

std::vector<model::BlockSlice> LogRows(bench::OtelGenerator& generator, std::uint64_t rows,
                                       std::uint64_t& position) {
  Blocks blocks(model::Kind::kLogs);
  for (std::uint64_t i = 0; i < rows; i += 1000) blocks.Decode(generator.Logs(5, 200), ++position);
  return blocks.Slices();
}

std::string Ask(duck::Engine& engine, const std::shared_ptr<const duck::Snapshot>& snapshot,
                const std::string& sql) {
  const auto outcome = engine.Run({.sql = sql, .format = duck::Format::kCsv}, snapshot);
  if (const auto* error = std::get_if<duck::SqlError>(&outcome)) {
    std::fprintf(stderr, "%s: %s\n", sql.c_str(), error->message.c_str());
    std::exit(1);
  }
  return std::get<duck::Answer>(outcome).body;
}

void Measure(duck::Engine& engine, const std::shared_ptr<const duck::Snapshot>& snapshot,
             const std::string& name, const std::string& sql) {
  if (name.find(g_only) == std::string::npos) return;
  const std::string answer = Ask(engine, snapshot, sql);
  std::vector<double> wall;
  const double cpu = CpuSeconds();
  constexpr int kRuns = 21;
  for (int i = 0; i < kRuns; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    Ask(engine, snapshot, sql);
    wall.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
            .count());
  }
  const double cpu_ms = (CpuSeconds() - cpu) / kRuns * 1e3;
  const auto lines = std::ranges::count(answer, '\n') - 1;
  std::printf("%-44s p50 %8.2f ms  min %8.2f ms  cpu %8.2f ms  %ld rows\n", name.c_str(),
              Median(wall), *std::ranges::min_element(wall), cpu_ms, static_cast<long>(lines));
  std::fflush(stdout);
}

void MeasureAll(duck::Engine& engine, const std::shared_ptr<const duck::Snapshot>& snapshot,
                const char* where) {
  const std::string some = Ask(
      engine, snapshot, "SELECT trace_id FROM logs WHERE trace_id IS NOT NULL LIMIT 1 OFFSET 5000");
  const std::string trace = some.substr(some.find('\n') + 1, 32);
  std::printf("--- %s\n", where);
  Measure(engine, snapshot, "select 1", "SELECT 1");
  Measure(engine, snapshot, "group by service where severity >= 17",
          "SELECT service_name, count(*) FROM logs WHERE severity_number >= 17 GROUP BY 1 "
          "ORDER BY 2 DESC");
  Measure(engine, snapshot, "one trace by id",
          "SELECT * FROM logs WHERE trace_id = '" + trace + "'");
  Measure(engine, snapshot, "one trace by id, three columns",
          "SELECT time, service_name, body FROM logs WHERE trace_id = '" + trace + "'");
  Measure(engine, snapshot, "attributes['http.route'] = ...",
          "SELECT count(*) FROM logs WHERE attributes['http.route'] = '/api/login'");
  Measure(engine, snapshot, "attributes['http.response.status_code'] = ...",
          "SELECT count(*) FROM logs WHERE attributes['http.response.status_code'] = '500'");
  Measure(engine, snapshot, "body LIKE '%customer_id = 4%'",
          "SELECT count(*) FROM logs WHERE body LIKE '%customer_id = 4%'");
  Measure(engine, snapshot, "count(*)", "SELECT count(*) FROM logs");
  Measure(engine, snapshot, "last 100 by time",
          "SELECT time, body FROM logs ORDER BY time DESC LIMIT 100");
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path folder = argc > 1 ? argv[1] : "/tmp/duck_bench";
  duck::PartOptions options;
  if (argc > 2) options.row_group_rows = static_cast<std::uint32_t>(std::stoul(argv[2]));
  if (argc > 3) g_only = argv[3];
  std::filesystem::create_directories(folder);
  os::FileSystem& files = os::RealFileSystem();
  bench::OtelGenerator generator(42);
  std::uint64_t position = 0;
  auto parts = std::make_shared<duck::Snapshot>();
  parts->kinds[model::Kind::kLogs].push_back({.collection = "logs", .hot = {}, .parts = {}});
  for (int part = 0; part < 2; ++part) {
    const auto slices = LogRows(generator, 1'000'000, position);
    const std::string path = (folder / ("part" + std::to_string(part) + ".parquet")).string();
    const double cpu = CpuSeconds();
    const auto info = duck::WritePart(model::Kind::kLogs, slices, options, files, path);
    if (!info) {
      std::fprintf(stderr, "%s\n", info.error().message.c_str());
      return 1;
    }
    const auto rows = static_cast<double>(info->rows);
    std::printf("write part: %.2f us CPU a row, %.2f bytes a row, filter %.2f bytes a row\n",
                (CpuSeconds() - cpu) / rows * 1e6, static_cast<double>(info->bytes) / rows,
                static_cast<double>(info->filter_bytes) / rows);
    parts->kinds[model::Kind::kLogs][0].parts.push_back(
        {.path = path, .info = std::make_shared<duck::PartInfo>(*info)});
  }
  auto hot = std::make_shared<duck::Snapshot>();
  hot->kinds[model::Kind::kLogs].push_back(
      {.collection = "logs", .hot = LogRows(generator, 1'000'000, position), .parts = {}});
  for (const std::uint32_t threads : {1U, 2U}) {
    auto engine = duck::Engine::Open({.concurrency = 1, .threads = threads}, files);
    CHECK(engine.has_value());
    std::printf("=== %u threads a statement\n", threads);
    MeasureAll(**engine, hot, "1 M hot rows");
    MeasureAll(**engine, parts, "2 M rows in parts");
  }
  return 0;
}
