// Many threads at once. Also run under -fsanitize=thread.
#include <cerrno>
#include <thread>

#include <gtest/gtest.h>

#include "wal/test_log.h"

namespace strata::wal {
namespace {

using os::SimulatedDisk;

// Remembers, as readers of a real pipeline would, what was published before published() moved.
class OrderHooks final : public CommitHooks {
 public:
  explicit OrderHooks(std::size_t positions) : visible_(positions + 1) {}
  bool Admit(Append&) override { return true; }
  void Publish(Append& append) override {
    if (append.position != last_ + 1) ++wrong_;
    last_ = append.position;
    visible_[append.position].store(true, std::memory_order_relaxed);
  }
  void Settle(Append& append, const Status& status) override {
    if (!status || log->published() < append.position) ++wrong_;
    auto& settled = *reinterpret_cast<std::atomic<std::uint64_t>*>(append.info.limits_fingerprint);
    settled.fetch_add(1, std::memory_order_release);
    settled.notify_one();
  }
  bool Visible(Position position) const {
    return visible_[position].load(std::memory_order_relaxed);
  }
  int wrong() const { return wrong_; }

  Log* log = nullptr;

 private:
  std::vector<std::atomic<bool>> visible_;
  Position last_ = 0;  // the committer's thread alone
  std::atomic<int> wrong_{0};
};

TEST(Threads, WhatIsPublishedIsAGapFreePrefixAndThreadsKeepTheirOrder) {
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kEach = 1500;
  SimulatedDisk disk;
  Config config = SmallConfig();
  config.max_bytes = 64_MiB;
  OrderHooks hooks(kThreads * kEach);
  TestClock clock;
  auto opened = Log::Open(config, disk, clock, hooks);
  ASSERT_TRUE(opened);
  Log& log = **opened;
  hooks.log = &log;
  ASSERT_TRUE(log.Start());

  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      const Position now = log.published();
      for (Position p = now; p > 0 && p + 50 > now; --p) EXPECT_TRUE(hooks.Visible(p));
      if (now == 0) continue;
      const Position from = now > 20 ? now - 20 : 1;
      Position next = from;
      const auto outcome = log.Read(from, now, [&](const FrameView& frame) -> Status {
        EXPECT_EQ(frame.position, next++);
        return Done{};
      });
      // The consumer may have released them meanwhile.
      if (!outcome && from < log.oldest()) continue;
      EXPECT_TRUE(outcome && outcome->lost.empty());
    }
  });
  std::thread consumer([&] {
    while (!done) {
      const Position now = log.published();
      EXPECT_TRUE(log.Checkpoint("sink", now));
      EXPECT_LE(log.Lag("sink"), kThreads * kEach);
      EXPECT_TRUE(log.Release(now > 2000 ? now - 2000 : 0));
      (void)log.Segments();
      (void)log.stats();
      EXPECT_TRUE(log.healthy());
    }
  });
  std::vector<std::thread> senders;
  for (std::uint64_t t = 0; t < kThreads; ++t) {
    senders.emplace_back([&, t] {
      std::atomic<std::uint64_t> settled{0};
      std::vector<std::string> payloads;
      std::vector<Append> appends(kEach);
      for (std::uint64_t i = 0; i < kEach; ++i) payloads.push_back(PayloadOf(i + 1, 200));
      for (std::uint64_t i = 0; i < kEach; ++i) {
        appends[i].payload = AsBytes(payloads[i]);
        appends[i].info.namespace_id = static_cast<std::uint32_t>(t);
        appends[i].info.limits_fingerprint = reinterpret_cast<std::uint64_t>(&settled);
        // Up to 32 in flight.
        for (auto so_far = settled.load(); i - so_far > 32; so_far = settled.load()) {
          settled.wait(so_far);
        }
        ASSERT_TRUE(log.Submit(appends[i]));
      }
      for (auto so_far = settled.load(); so_far < kEach; so_far = settled.load()) {
        settled.wait(so_far);
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  done = true;
  reader.join();
  consumer.join();
  EXPECT_EQ(hooks.wrong(), 0);
  EXPECT_EQ(log.published(), kThreads * kEach);
  std::vector<std::uint64_t> last(kThreads, 0);
  ASSERT_TRUE(log.Read(log.oldest(), log.published(), [&](const FrameView& frame) -> Status {
    const std::uint64_t id = IdOf(AsText(frame.payload));
    EXPECT_GT(id, last[frame.info.namespace_id]);
    last[frame.info.namespace_id] = id;
    return Done{};
  }));
}

TEST(Threads, StopWhileOthersSubmit) {
  for (int round = 0; round < 20; ++round) {
    SimulatedDisk disk;
    TestHooks hooks;
    TestClock clock;
    auto opened = Log::Open(SmallConfig(), disk, clock, hooks);
    ASSERT_TRUE(opened);
    ASSERT_TRUE((*opened)->Start());
    std::vector<std::thread> senders;
    for (int t = 0; t < 3; ++t) {
      senders.emplace_back([&] {
        std::deque<TestAppend> appends;
        for (int i = 0; i < 200; ++i) {
          TestAppend& append = appends.emplace_back();
          append.payload = "x";
          append.append.payload = AsBytes(append.payload);
          if (!(*opened)->Submit(append.append)) {
            appends.pop_back();
            break;
          }
        }
        for (const TestAppend& append : appends) hooks.AwaitSettled(append);
      });
    }
    (*opened)->Stop();
    for (std::thread& sender : senders) sender.join();
    EXPECT_EQ((*opened)->stats().queue_bytes, 0U);
  }
}

// The disk fails in the middle: everybody is told, exactly once, and nobody wrongly.
TEST(Threads, AFailureReachesEverybody) {
  for (std::uint64_t n = 1; n <= 40; ++n) {
    SimulatedDisk disk;
    TestLog log(disk, SmallConfig());
    ASSERT_TRUE(log.OpenAndStart());
    disk.FailChangeAt(n, EIO, SimulatedDisk::Repeat::kForEver);
    std::vector<TestAppend*> appends;
    for (std::uint64_t id = 1; id <= 60; ++id) appends.push_back(&log.Submit(PayloadOf(id, 3000)));
    for (TestAppend* append : appends) {
      log.hooks().AwaitSettled(*append);
      EXPECT_EQ(append->status.has_value(), append->published);
    }
    EXPECT_EQ(log->stats().queue_bytes, 0U);
    disk.ClearFault();
    const auto after = disk.AfterPowerLoss(n);
    TestLog again(*after, SmallConfig());
    ASSERT_TRUE(again.Open());
    const auto frames = again.ReplayAll();
    ASSERT_TRUE(frames);
    for (const TestAppend* append : appends) {
      if (append->status) {
        EXPECT_EQ(frames->at(append->append.position), append->payload);
      }
    }
  }
}

TEST(Threads, TheCommitterTellsOfEachGroupAndOfAWrongConfiguration) {
  SimulatedDisk disk;
  Config config = SmallConfig();
  std::uint32_t frames = 0;
  std::uint64_t bytes = 0;
  config.on_group = [&](const GroupWritten& group) {
    frames += group.frames;
    bytes += group.bytes;
  };
  {
    TestLog log(disk, config);
    ASSERT_TRUE(log.OpenAndStart());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(log.Put("x"));
    log->Stop();
  }
  EXPECT_EQ(frames, 3U);
  EXPECT_EQ(bytes, 3 * kBlockBytes);
  config.max_bytes = 0;
  TestLog log(disk, config);
  EXPECT_EQ(log.Open().error().code, Code::kInvalidInput);
}

// With sync: interval the committer syncs what is idle, too, without another frame.
TEST(Threads, AnIdleLogSyncsWhatWasAcked) {
  SimulatedDisk disk;
  Config config = SmallConfig();
  config.sync = SyncMode::kInterval;
  config.sync_interval = std::chrono::milliseconds(1);
  TestLog log(disk, config);
  ASSERT_TRUE(log.OpenAndStart());
  ASSERT_TRUE(log.Put("x"));
  log.clock().Advance(std::chrono::seconds(1));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  bool is_durable = false;
  while (!is_durable && std::chrono::steady_clock::now() < deadline) {
    const auto after = disk.AfterPowerLoss([] { return false; });
    TestLog next(*after, config);
    ASSERT_TRUE(next.Open());
    is_durable = next.ReplayAll()->size() == 1;
  }
  EXPECT_TRUE(is_durable);
}

}  // namespace
}  // namespace strata::wal
