// What the log's tests share: a small log on a simulated disk, hooks that remember, payloads that
// tell who they are.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/mutex.h"
#include "os/simulated_disk.h"
#include "wal/log.h"

namespace strata::wal {

inline constexpr const char* kTestFolder = "/log";

class TestClock final : public Clock {
 public:
  std::int64_t WallNanos() const override { return 1'700'000'000'000'000'000; }
  MonotonicTime Monotonic() const override { return MonotonicTime(now_.load()); }
  void Advance(std::chrono::nanoseconds by) { now_ = now_.load() + by; }

 private:
  std::atomic<std::chrono::nanoseconds> now_{std::chrono::hours(1)};
};

// Segments of 64 KiB, so that tests roll often.
inline Config SmallConfig() {
  return {.directory = kTestFolder,
          .segment_bytes = 64_KiB,
          .spare_segments = 1,
          .max_bytes = 1_MiB,
          .frame_bytes_max = 32_KiB,
          .group_bytes_max = 16_KiB,
          .queue_bytes_max = 1_MiB,
          .salt_seed = 7};
}

// Payload number `id`: its id, then bytes that follow from it.
inline std::string PayloadOf(std::uint64_t id, std::size_t bytes) {
  std::string payload = "id=" + std::to_string(id) + ";";
  std::uint64_t state = id * 0x9E3779B97F4A7C15ULL + 1;
  while (payload.size() < bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    payload += static_cast<char>(state);
  }
  return payload;
}
inline std::uint64_t IdOf(std::string_view payload) {
  return std::stoull(std::string(payload.substr(3, payload.find(';') - 3)));
}

struct TestAppend {
  Append append;
  std::string payload;
  bool settled = false;
  bool published = false;
  Status status = Error{Code::kTimeout, "not settled"};
};

class TestHooks final : public CommitHooks {
 public:
  bool Admit(Append& append) override {
    const MutexLock lock(mutex_);
    return !refuse_ || !refuse_(append);
  }
  void Publish(Append& append) override {
    const MutexLock lock(mutex_);
    Of(append).published = true;
    published_.push_back(append.position);
  }
  void Settle(Append& append, const Status& status) override {
    {
      const MutexLock lock(mutex_);
      TestAppend& of = Of(append);
      CHECK(!of.settled);
      of.settled = true;
      of.status = status;
      ++settled_;
    }
    changed_.notify_all();
  }
  void RefuseIf(std::function<bool(const Append&)> refuse) {
    const MutexLock lock(mutex_);
    refuse_ = std::move(refuse);
  }
  void AwaitSettled(const TestAppend& append) {
    const MutexLock lock(mutex_);
    while (!append.settled) changed_.wait(mutex_);
  }
  std::vector<Position> published() const {
    const MutexLock lock(mutex_);
    return published_;
  }

 private:
  static TestAppend& Of(Append& append) { return reinterpret_cast<TestAppend&>(append); }

  mutable Mutex mutex_;
  ConditionVariable changed_;
  std::function<bool(const Append&)> refuse_ GUARDED_BY(mutex_);
  std::vector<Position> published_ GUARDED_BY(mutex_);
  std::uint64_t settled_ GUARDED_BY(mutex_) = 0;
};

// One life of a log.
class TestLog {
 public:
  TestLog(os::FileSystem& files, const Config& config) : files_(files), config_(config) {}

  Status Open() {
    ASSIGN_OR_RETURN(log_, Log::Open(config_, files_, clock_, hooks_));
    return Done{};
  }
  Status OpenAndStart() {
    RETURN_IF_ERROR(Open());
    return log_->Start();
  }
  // Submits without waiting. The result lives as long as this.
  TestAppend& Submit(std::string payload, FrameInfo info = {}) {
    appends_.emplace_back();
    TestAppend& append = appends_.back();
    append.payload = std::move(payload);
    append.append.info = info;
    append.append.payload = AsBytes(append.payload);
    if (auto submitted = log_->Submit(append.append); !submitted) {
      append.status = submitted;
      append.settled = true;
    }
    return append;
  }
  // Submits and waits.
  Result<Position> Put(std::string payload, FrameInfo info = {}) {
    TestAppend& append = Submit(std::move(payload), info);
    hooks_.AwaitSettled(append);
    if (!append.status) return append.status.error();
    return append.append.position;
  }
  // Everything that can be read, by position.
  Result<std::map<Position, std::string>> ReplayAll(ReadOutcome* outcome = nullptr) {
    std::map<Position, std::string> frames;
    ASSIGN_OR_RETURN(const ReadOutcome read, log_->Replay(0, [&](const FrameView& frame) -> Status {
      CHECK(frames.emplace(frame.position, std::string(AsText(frame.payload))).second);
      return Done{};
    }));
    if (outcome != nullptr) *outcome = read;
    return frames;
  }

  Log& operator*() { return *log_; }
  Log* operator->() { return log_.get(); }
  TestHooks& hooks() { return hooks_; }
  TestClock& clock() { return clock_; }
  void Close() { log_.reset(); }

 private:
  os::FileSystem& files_;
  const Config config_;
  TestClock clock_;
  TestHooks hooks_;
  std::deque<TestAppend> appends_;
  std::unique_ptr<Log> log_;
};

}  // namespace strata::wal
