// The log alone: frames of 100 records of 1 KiB from a few threads, acked when durable, with the
// raw O_DIRECT|O_DSYNC loop as control before and after.
//
//   strata_wal_bench [--directory D] [--seconds S] [--threads N] [--records R] [--record-bytes B]
//                    [--in-flight F]
//
// Defends: 1.0 M records/s in 100-record frames of 1 KiB records (aim 1.5 M), and about 15 ns a
// frame for what the log itself does between the write and the ack.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "os/aligned_buffer.h"
#include "os/real_file_system.h"
#include "wal/log.h"

namespace strata {
namespace {

double Seconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}
double Wall() {
  return Seconds(CLOCK_MONOTONIC);
}
double ProcessCpu() {
  return Seconds(CLOCK_PROCESS_CPUTIME_ID);
}

template <class Values>
double Percentile(Values& values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

struct Options {
  std::filesystem::path directory = "strata-wal-bench";
  double seconds = 3;
  int threads = 2;
  int records = 100;
  int record_bytes = 1024;
  int in_flight = 16;
};

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "strata_wal_bench: %s\n", what.c_str());
  std::exit(1);
}

template <class T>
T Must(Result<T> result) {
  if (!result) Fail(result.error().message);
  return *std::move(result);
}

// Writes blocks one after the other into a zero-written file, each durable before the next.
void Control(const Options& options, std::size_t block_bytes) {
  auto& files = os::RealFileSystem();
  const auto path = options.directory / "control";
  constexpr std::uint64_t kFileBytes = 128_MiB;
  const auto file = Must(files.Open(path, {.access = os::Access::kReadWrite,
                                           .create = true,
                                           .truncate = true,
                                           .mode = os::WriteMode::kDirectSync}));
  os::AlignedBuffer buffer(1_MiB);
  std::ranges::fill(buffer.span(), std::byte{0});
  for (std::uint64_t at = 0; at < kFileBytes; at += buffer.size()) {
    Must(file->WriteAt(at, buffer.span()));
  }
  os::AlignedBuffer block(block_bytes);
  std::ranges::fill(block.span(), std::byte{'x'});
  std::vector<double> took;
  const double begin = Wall();
  const double cpu = ProcessCpu();
  std::uint64_t at = 0;
  while (Wall() - begin < 1.0) {
    if (at + block.size() > kFileBytes) at = 0;
    const double from = Wall();
    Must(file->WriteAt(at, block.span()));
    took.push_back(Wall() - from);
    at += block.size();
  }
  const double elapsed = Wall() - begin;
  const double bytes = static_cast<double>(took.size()) * static_cast<double>(block.size());
  std::printf("control %7zu B: %8.0f writes/s %7.2f GB/s p50 %.3f p99 %.3f ms, %.3f CPU-s/GB\n",
              block.size(), static_cast<double>(took.size()) / elapsed, bytes / elapsed / 1e9,
              Percentile(took, 0.5) * 1e3, Percentile(took, 0.99) * 1e3,
              (ProcessCpu() - cpu) / (bytes / 1e9));
  Must(files.Remove(path));
}

struct Request {
  wal::Append append;
  double submitted = 0;
  int thread = 0;
};

struct Lane {
  std::mutex mutex;
  std::condition_variable free;
  std::vector<Request*> idle;
  std::vector<double> latencies;
};

class BenchHooks final : public wal::CommitHooks {
 public:
  explicit BenchHooks(std::vector<Lane>& lanes) : lanes_(lanes) {}
  bool Admit(wal::Append&) override { return true; }
  void Publish(wal::Append&) override {}
  void Settle(wal::Append& append, const Status& status) override {
    if (!status) Fail(status.error().message);
    auto& request = reinterpret_cast<Request&>(append);
    Lane& lane = lanes_[static_cast<std::size_t>(request.thread)];
    const double took = Wall() - request.submitted;
    {
      const std::lock_guard lock(lane.mutex);
      lane.idle.push_back(&request);
      lane.latencies.push_back(took);
    }
    lane.free.notify_one();
  }

 private:
  std::vector<Lane>& lanes_;
};

void Produce(const Options& options, wal::Log& log, Lane& lane, int thread, double until) {
  Bytes payload(static_cast<std::size_t>(options.records) *
                static_cast<std::size_t>(options.record_bytes));
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::byte>(i * 131);
  std::vector<Request> requests(static_cast<std::size_t>(options.in_flight));
  {
    const std::lock_guard lock(lane.mutex);
    for (Request& request : requests) {
      request.thread = thread;
      request.append.payload = payload;
      request.append.info.record_count = static_cast<std::uint32_t>(options.records);
      lane.idle.push_back(&request);
    }
  }
  const auto take = [&](std::size_t at_least) {
    std::unique_lock lock(lane.mutex);
    lane.free.wait(lock, [&] { return lane.idle.size() >= at_least; });
    Request* request = lane.idle.back();
    lane.idle.pop_back();
    return request;
  };
  while (Wall() < until) {
    Request* request = take(1);
    request->submitted = Wall();
    auto submitted = log.Submit(request->append);
    if (submitted) continue;
    if (submitted.error().code != Code::kExhausted) Fail(submitted.error().message);
    const std::lock_guard lock(lane.mutex);
    lane.idle.push_back(request);
  }
  take(requests.size());
}

void Measure(const Options& options) {
  const auto directory = options.directory / "log";
  std::vector<Lane> lanes(static_cast<std::size_t>(options.threads));
  BenchHooks hooks(lanes);
  wal::Config config{.directory = directory, .max_bytes = 4_GiB};
  std::atomic<std::uint64_t> sync_ns{0};
  config.on_group = [&](const wal::GroupWritten& group) {
    sync_ns += static_cast<std::uint64_t>(group.took.count());
  };
  const auto log = Must(wal::Log::Open(config, os::RealFileSystem(), SystemClock(), hooks));
  Must(log->Start());

  const double begin = Wall();
  const double cpu = ProcessCpu();
  std::atomic<bool> done{false};
  // The sealer's part: segments are released soon.
  std::thread releaser([&] {
    wal::Position last = 0;
    while (!done) {
      const wal::Position now = log->published();
      if (now != last) Must(log->Release(now));
      last = now;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  std::vector<std::thread> producers;
  for (int t = 0; t < options.threads; ++t) {
    producers.emplace_back(Produce, std::cref(options), std::ref(*log),
                           std::ref(lanes[static_cast<std::size_t>(t)]), t,
                           begin + options.seconds);
  }
  for (std::thread& producer : producers) producer.join();
  const double elapsed = Wall() - begin;
  const double used = ProcessCpu() - cpu;
  done = true;
  releaser.join();
  const wal::LogStats stats = log->stats();
  log->Stop();

  const double frames = static_cast<double>(stats.appended_frames);
  const double records = frames * options.records;
  std::vector<double> latencies;
  for (Lane& lane : lanes) {
    latencies.insert(latencies.end(), lane.latencies.begin(), lane.latencies.end());
  }
  std::printf(
      "log: %.2f M records/s, %.0f frames/s, %.2f GB/s, %.1f frames/group, %.3f CPU-s per M "
      "records\n"
      "     ack p50 %.3f p99 %.3f ms; in writes %.0f %% of the time; %s; %lu segments used again\n",
      records / elapsed / 1e6, frames / elapsed,
      static_cast<double>(stats.appended_bytes) / elapsed / 1e9,
      frames / static_cast<double>(std::max<std::uint64_t>(stats.groups, 1)), used / records * 1e6,
      Percentile(latencies, 0.5) * 1e3, Percentile(latencies, 0.99) * 1e3,
      static_cast<double>(sync_ns.load()) / elapsed / 1e7, stats.direct ? "direct" : "buffered",
      static_cast<unsigned long>(stats.recycled));
}

// Restart: how fast the frames of a full segment or two come back.
void MeasureReplay(const Options& options) {
  const auto directory = options.directory / "log";
  std::vector<Lane> lanes(1);
  BenchHooks hooks(lanes);
  const wal::Config config{.directory = directory, .max_bytes = 4_GiB};
  const double begin = Wall();
  const double cpu = ProcessCpu();
  const auto log = Must(wal::Log::Open(config, os::RealFileSystem(), SystemClock(), hooks));
  const double opened = Wall();
  const auto outcome = Must(log->Replay(0, [](const wal::FrameView&) -> Status { return Done{}; }));
  const double elapsed = Wall() - opened;
  std::printf("replay: open %.1f ms, %lu frames, %.2f GB/s, %.2f GB per CPU-second\n",
              (opened - begin) * 1e3, static_cast<unsigned long>(outcome.frames),
              static_cast<double>(outcome.bytes) / elapsed / 1e9,
              static_cast<double>(outcome.bytes) / (ProcessCpu() - cpu) / 1e9);
}

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--directory") {
      options.directory = value;
    } else if (name == "--seconds") {
      options.seconds = std::atof(value);
    } else if (name == "--threads") {
      options.threads = std::atoi(value);
    } else if (name == "--records") {
      options.records = std::atoi(value);
    } else if (name == "--record-bytes") {
      options.record_bytes = std::atoi(value);
    } else if (name == "--in-flight") {
      options.in_flight = std::atoi(value);
    } else {
      Fail("unknown option " + name);
    }
  }
  return options;
}

}  // namespace
}  // namespace strata

int main(int argc, char** argv) {
  const strata::Options options = strata::Parse(argc, argv);
  std::filesystem::remove_all(options.directory);
  std::filesystem::create_directories(options.directory);
  strata::Control(options, 4096);
  strata::Control(options, 1 << 20);
  strata::Measure(options);
  strata::MeasureReplay(options);
  strata::Control(options, 4096);
  strata::Control(options, 1 << 20);
  std::filesystem::remove_all(options.directory);
  return 0;
}
