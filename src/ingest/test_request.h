// Small OTLP requests and a whole pipeline on a disk of choice, for the tests of this module.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ingest/dedup_file.h"
#include "ingest/pipeline.h"
#include "ingest/replay.h"
#include "os/simulated_disk.h"

namespace strata::ingest {

// An ExportLogsServiceRequest with one record for each time; 0 leaves the record without one.
inline std::string LogsRequest(const std::vector<std::uint64_t>& times, const std::string& body) {
  const auto field = [](char tag, const std::string& bytes) {
    std::string out(1, tag);
    for (std::size_t n = bytes.size();; n >>= 7) {
      out.push_back(static_cast<char>(n > 0x7F ? (n & 0x7F) | 0x80 : n));
      if (n <= 0x7F) break;
    }
    return out + bytes;
  };
  std::string records;
  for (const std::uint64_t time : times) {
    std::string record;
    if (time != 0) {
      record += '\x09';
      record.append(reinterpret_cast<const char*>(&time), sizeof time);
    }
    record += field('\x2a', field('\x0a', body));
    records += field('\x12', record);
  }
  return field('\x0a', field('\x12', records));
}

// Outcomes as they come, from any thread.
class Outcomes {
 public:
  IngestDone Expect() {
    return [this](IngestOutcome&& outcome) {
      const std::scoped_lock lock(mutex_);
      all_.push_back(std::move(outcome));
      changed_.notify_all();
    };
  }
  std::vector<IngestOutcome> Wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return all_.size() >= count; });
    return std::move(all_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<IngestOutcome> all_;
};

// The machine's clocks, and what a test adds to them.
class TestClock final : public Clock {
 public:
  std::int64_t WallNanos() const override {
    return SystemClock().WallNanos() + ahead_.load() + wall_jumps_.load();
  }
  MonotonicTime Monotonic() const override {
    return SystemClock().Monotonic() + std::chrono::nanoseconds(ahead_.load());
  }
  void Advance(std::chrono::nanoseconds by) { ahead_ += by.count(); }
  void JumpWall(std::chrono::nanoseconds by) { wall_jumps_ += by.count(); }

 private:
  std::atomic<std::int64_t> ahead_{0};
  std::atomic<std::int64_t> wall_jumps_{0};
};

// What app wires, without listeners and parts.
class TestIngest {
 public:
  explicit TestIngest(os::SimulatedDisk& disk, PipelineConfig config = {}) : disk_(disk) {
    hot_ = std::make_unique<hot::Hot>(hot::Config{}, clock_);
    pipeline_ = std::make_unique<Pipeline>(config, *hot_, collections_, clock_, registry_);
    wal::Config wal{.directory = "/data/wal", .segment_bytes = 1_MiB, .frame_bytes_max = 256_KiB};
    wal.pinning_consumers = {std::string(kDedupConsumer)};
    auto log = wal::Log::Open(wal, disk_, clock_, *pipeline_);
    CHECK(log.has_value());
    log_ = std::move(*log);
    pipeline_->Attach(*log_);
    dedup_ = std::make_unique<DedupFile>("/data", *pipeline_, *log_, disk_);
    CHECK(dedup_->Load().has_value());
    Replayer replayer(*hot_, collections_, 2);
    const auto read = log_->ReplayBatches(
        0, 64 << 10, [&](wal::FrameBatch&& batch) { return replayer.Add(std::move(batch)); });
    CHECK(read.has_value());
    report_ = *replayer.Finish();
    pipeline_->definitions().MarkAllDefined();
    started_ = log_->Start().has_value();
    pipeline_->Accept();
  }
  ~TestIngest() { log_->Stop(); }

  IngestOutcome Send(const std::string& payload, const std::string& key = {},
                     Encoding encoding = Encoding::kProtobuf,
                     const std::string& namespace_name = "default") {
    Outcomes outcomes;
    pipeline_->Ingest({.kind = model::Kind::kLogs,
                       .encoding = encoding,
                       .namespace_name = namespace_name,
                       .idempotency_key = key,
                       .payload = Buffer::CopyOf(AsBytes(payload))},
                      outcomes.Expect());
    return std::move(outcomes.Wait(1)[0]);
  }

  // Visible rows of the namespace's logs, by position.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> Rows(
      const std::string& namespace_name = "default") {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> rows;
    const model::Collection* collection = collections_.Find(namespace_name, "logs");
    if (collection == nullptr) return rows;
    for (const auto& slice : hot_->Slices(collection->id, 0, log_->published())) {
      for (std::uint32_t i = slice.first_run; i < slice.last_run; ++i) {
        const model::Run& run = slice.block->runs()[i];
        if (!rows.empty() && rows.back().first == run.position) {
          rows.back().second += run.end - run.begin;
        } else {
          rows.emplace_back(run.position, run.end - run.begin);
        }
      }
    }
    std::ranges::sort(rows);
    return rows;
  }

  TestClock& clock() { return clock_; }
  wal::Log& log() { return *log_; }
  Pipeline& pipeline() { return *pipeline_; }
  hot::Hot& hot() { return *hot_; }
  model::CollectionTable& collections() { return collections_; }
  DedupFile& dedup_file() { return *dedup_; }
  const ReplayReport& report() const { return report_; }

 private:
  os::SimulatedDisk& disk_;
  TestClock clock_;
  model::Registry registry_;
  model::CollectionTable collections_;
  std::unique_ptr<hot::Hot> hot_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<wal::Log> log_;
  std::unique_ptr<DedupFile> dedup_;
  ReplayReport report_;
  bool started_ = false;
};

}  // namespace strata::ingest
