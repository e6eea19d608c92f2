// The log in order: what goes in comes out, across restarts, rolls, releases and refusals.
#include "wal/log.h"

#include <cstdlib>
#include <filesystem>
#include <semaphore>

#include <gtest/gtest.h>

#include "os/real_file_system.h"
#include "wal/test_log.h"

namespace strata::wal {
namespace {

using os::SimulatedDisk;

std::string Text(const Error& error) {
  return std::string(CodeName(error.code)) + ": " + error.message;
}

TEST(Log, GivesBackWhatWasAppended) {
  SimulatedDisk disk;
  const FrameInfo info{.type = FrameType::kDefine,
                       .kind = 3,
                       .encoding = 5,
                       .flags = 9,
                       .namespace_id = 11,
                       .collection_id = 12,
                       .record_count = 100,
                       .rejected_count = 2,
                       .received_ns = -5,
                       .limits_fingerprint = 77,
                       .request_hash = {.low = 1, .high = 2},
                       .idempotency_key = {.low = 3, .high = 4}};
  {
    TestLog log(disk, SmallConfig());
    ASSERT_TRUE(log.OpenAndStart());
    EXPECT_EQ(log->published(), 0U);
    EXPECT_EQ(*log.Put("first", info), 1U);
    EXPECT_EQ(*log.Put(""), 2U);
    EXPECT_EQ(log->published(), 2U);
    EXPECT_TRUE(log->healthy());
    EXPECT_TRUE(log->stats().direct);
  }
  TestLog log(disk, SmallConfig());
  ASSERT_TRUE(log.Open());
  EXPECT_TRUE(log->recovery().clean);
  EXPECT_EQ(log->published(), 2U);
  std::vector<std::pair<Position, FrameInfo>> frames;
  const auto outcome = log->Replay(0, [&](const FrameView& frame) -> Status {
    frames.emplace_back(frame.position, frame.info);
    EXPECT_EQ(AsText(frame.payload), frame.position == 1 ? "first" : "");
    return Done{};
  });
  ASSERT_TRUE(outcome) << Text(outcome.error());
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].second, info);
  EXPECT_EQ(frames[1].second, FrameInfo{});
  EXPECT_TRUE(outcome->lost.empty());
  ASSERT_TRUE(log->Start());
  EXPECT_EQ(*log.Put("third"), 3U);
}

TEST(Log, PositionsGoOnAcrossManyRestartsAndRolls) {
  SimulatedDisk disk;
  std::map<Position, std::string> expected;
  std::uint64_t id = 0;
  Config config = SmallConfig();
  config.max_bytes = 4_MiB;
  for (int life = 0; life < 6; ++life) {
    TestLog log(disk, config);
    ASSERT_TRUE(log.Open());
    auto frames = log.ReplayAll();
    ASSERT_TRUE(frames) << Text(frames.error());
    EXPECT_EQ(*frames, expected);
    ASSERT_TRUE(log->Start());
    for (int i = 0; i < 30; ++i) {
      ++id;
      const std::string payload = PayloadOf(id, 1000 + 37 * id % 5000);
      auto position = log.Put(payload);
      ASSERT_TRUE(position) << Text(position.error());
      EXPECT_EQ(*position, expected.size() + 1);
      expected[*position] = payload;
    }
  }
}

TEST(Log, AKilledProcessLosesNothing) {
  SimulatedDisk disk;
  TestLog log(disk, SmallConfig());
  ASSERT_TRUE(log.OpenAndStart());
  std::map<Position, std::string> expected;
  for (std::uint64_t id = 1; id <= 40; ++id) {
    const std::string payload = PayloadOf(id, 3000);
    expected[*log.Put(payload)] = payload;
  }
  const auto killed = disk.AfterKill();
  TestLog again(*killed, SmallConfig());
  ASSERT_TRUE(again.Open());
  EXPECT_FALSE(again->recovery().clean);
  EXPECT_EQ(again->recovery().frames, 40U);
  EXPECT_EQ(again->recovery().torn_frames, 0U);
  EXPECT_EQ(*again.ReplayAll(), expected);
}

TEST(Log, ReadsAnyRangeWhileItRuns) {
  SimulatedDisk disk;
  TestLog log(disk, SmallConfig());
  ASSERT_TRUE(log.OpenAndStart());
  for (std::uint64_t id = 1; id <= 60; ++id) ASSERT_TRUE(log.Put(PayloadOf(id, 2500)));
  for (const auto& [from, to] : std::vector<std::pair<Position, Position>>{
           {1, 60}, {1, 1}, {60, 60}, {17, 45}, {59, 1000}, {61, 70}, {30, 29}}) {
    Position next = from;
    const auto outcome = log->Read(from, to, [&](const FrameView& frame) -> Status {
      EXPECT_EQ(frame.position, next++);
      EXPECT_EQ(IdOf(AsText(frame.payload)), frame.position);
      return Done{};
    });
    ASSERT_TRUE(outcome) << Text(outcome.error());
    EXPECT_TRUE(outcome->lost.empty());
    EXPECT_EQ(next, from > std::min<Position>(to, 60) ? from : std::min<Position>(to, 60) + 1);
  }
}

TEST(Log, BatchesMayBeKeptAndUsedLater) {
  SimulatedDisk disk;
  TestLog log(disk, SmallConfig());
  ASSERT_TRUE(log.OpenAndStart());
  for (std::uint64_t id = 1; id <= 60; ++id) ASSERT_TRUE(log.Put(PayloadOf(id, 2500)));
  std::vector<FrameBatch> batches;
  ASSERT_TRUE(log->ReadBatches(1, 60, 10'000, [&](FrameBatch&& batch) -> Status {
    batches.push_back(std::move(batch));
    return Done{};
  }));
  EXPECT_GT(batches.size(), 5U);
  Position next = 1;
  for (const FrameBatch& batch : batches) {
    for (const FrameView& frame : batch.frames) {
      EXPECT_EQ(frame.position, next);
      EXPECT_EQ(AsText(frame.payload), PayloadOf(next, 2500));
      ++next;
    }
  }
  EXPECT_EQ(next, 61U);
}

TEST(Log, AVisitorsErrorEndsTheWalk) {
  SimulatedDisk disk;
  TestLog log(disk, SmallConfig());
  ASSERT_TRUE(log.OpenAndStart());
  for (std::uint64_t id = 1; id <= 5; ++id) ASSERT_TRUE(log.Put(PayloadOf(id, 100)));
  int seen = 0;
  const auto outcome = log->Read(1, 5, [&](const FrameView&) -> Status {
    return ++seen == 3 ? Status(Error{Code::kTimeout, "enough"}) : Status(Done{});
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message, "enough");
  EXPECT_EQ(seen, 3);
}

TEST(Log, HeadersComeWithoutPayloads) {
  SimulatedDisk disk;
  {
    TestLog log(disk, SmallConfig());
    ASSERT_TRUE(log.OpenAndStart());
    for (std::uint64_t id = 1; id <= 60; ++id) {
      ASSERT_TRUE(log.Put(PayloadOf(id, 2500), {.request_hash = {.low = id, .high = 1}}));
    }
  }
  TestLog log(disk, SmallConfig());
  ASSERT_TRUE(log.Open());
  Position next = 11;
  const auto outcome =
      log->ReplayHeaders(10, [&](Position position, const FrameInfo& info) -> Status {
        EXPECT_EQ(position, next++);
        EXPECT_EQ(info.request_hash.low, position);
        return Done{};
      });
  ASSERT_TRUE(outcome) << Text(outcome.error());
  EXPECT_EQ(next, 61U);
  EXPECT_EQ(outcome->bytes, 0U);
}

TEST(Log, AHookMayRefuseAFrame) {
  SimulatedDisk disk;
  TestLog log(disk, SmallConfig());
  ASSERT_TRUE(log.OpenAndStart());
  log.hooks().RefuseIf([](const Append& append) { return AsText(append.payload) == "twin"; });
  TestAppend& twin = log.Submit("twin");
  EXPECT_EQ(*log.Put("other"), 1U);
  EXPECT_FALSE(twin.settled);
  EXPECT_FALSE(twin.published);
  EXPECT_EQ(log->stats().refused_by_hook, 1U);
  EXPECT_EQ(log->stats().queue_bytes, 0U);
  EXPECT_EQ(log.hooks().published(), std::vector<Position>{1});
}

TEST(Log, RefusesWhatItCannotTake) {
  SimulatedDisk disk;
  TestLog log(disk, SmallConfig());
  ASSERT_TRUE(log.Open());
  EXPECT_EQ(log.Put("too early").error().code, Code::kUnavailable);
  EXPECT_FALSE(log->healthy());
  ASSERT_TRUE(log->Start());
  EXPECT_EQ(log.Put(std::string(32_KiB + 1, 'x')).error().code, Code::kTooLarge);
  EXPECT_EQ(*log.Put(std::string(32_KiB, 'x')), 1U);
  log->Stop();
  EXPECT_EQ(log.Put("too late").error().code, Code::kUnavailable);
  EXPECT_FALSE(log->healthy());
  EXPECT_EQ(log.ReplayAll()->size(), 0U);  // recovered frames only
  EXPECT_TRUE(log->Read(1, 1, [](const FrameView&) -> Status { return Done{}; }));
}

TEST(Log, AFullQueueRefuses) {
  SimulatedDisk disk;
  Config config = SmallConfig();
  config.queue_bytes_max = 40_KiB;
  TestLog log(disk, config);
  ASSERT_TRUE(log.OpenAndStart());
  // The committer waits inside the hook while the queue fills.
  std::binary_semaphore gate(0);
  log.hooks().RefuseIf([&](const Append& append) {
    if (AsText(append.payload) == "gate") gate.acquire();
    return false;
  });
  log.Submit("gate");
  int accepted = 0;
  TestAppend* last = nullptr;
  while (true) {
    TestAppend& append = log.Submit(std::string(10'000, 'x'));
    if (append.settled) {
      EXPECT_EQ(append.status.error().code, Code::kExhausted);
      EXPECT_EQ(append.status.error().message, "log queue full");
      break;
    }
    last = &append;
    ++accepted;
  }
  EXPECT_EQ(accepted, 4);
  gate.release();
  log.hooks().AwaitSettled(*last);
  EXPECT_TRUE(log.Put(std::string(10'000, 'x')));
}

TEST(Log, AFullLogRefusesUntilItIsReleased) {
  SimulatedDisk disk;
  Config config = SmallConfig();
  config.max_bytes = 3 * 64_KiB;
  TestLog log(disk, config);
  ASSERT_TRUE(log.OpenAndStart());
  Position last = 0;
  std::string why;
  for (std::uint64_t id = 1; id < 1000; ++id) {
    auto position = log.Put(PayloadOf(id, 10'000));
    if (!position) {
      EXPECT_EQ(position.error().code, Code::kExhausted);
      why = position.error().message;
      break;
    }
    last = *position;
  }
  EXPECT_NE(why.find("log full"), std::string::npos) << why;
  EXPECT_EQ(last, 12U);  // three segments, four frames each
  EXPECT_LE(log->stats().log_bytes, config.max_bytes);
  EXPECT_TRUE(log->stats().full);
  EXPECT_TRUE(log->healthy());
  EXPECT_EQ(log.Put("x").error().code, Code::kExhausted);
  ASSERT_TRUE(log->Release(last));
  // The stock makes a segment in the background; until then the log is full.
  Result<Position> position = Error{Code::kExhausted, ""};
  while (!position && position.error().code == Code::kExhausted) position = log.Put("again");
  ASSERT_TRUE(position) << Text(position.error());
  EXPECT_EQ(*position, last + 1);
  EXPECT_FALSE(log->stats().full);
}

TEST(Log, AFullLogStartsAndReads) {
  SimulatedDisk disk;
  Config config = SmallConfig();
  config.max_bytes = 2 * 64_KiB;
  Position last = 0;
  {
    TestLog log(disk, config);
    ASSERT_TRUE(log.OpenAndStart());
    while (auto position = log.Put(PayloadOf(last + 1, 10'000))) last = *position;
  }
  TestLog log(disk, config);
  ASSERT_TRUE(log.OpenAndStart());
  EXPECT_EQ(log.ReplayAll()->size(), last);
  EXPECT_EQ(log.Put("x").error().code, Code::kExhausted);
}

TEST(Log, ReleasedSegmentsAreUsedAgain) {
  SimulatedDisk disk;
  TestLog log(disk, SmallConfig());
  ASSERT_TRUE(log.OpenAndStart());
  for (std::uint64_t id = 1; id <= 400; ++id) {
    auto position = log.Put(PayloadOf(id, 2500));
    ASSERT_TRUE(position) << Text(position.error());
    if (id % 20 == 0) {
      ASSERT_TRUE(log->Release(*position - 3));
    }
  }
  EXPECT_GT(log->stats().recycled, 5U);
  EXPECT_LE(log->stats().log_bytes, 6 * 64_KiB);
  const Position oldest = log->oldest();
  EXPECT_GT(oldest, 300U);
  EXPECT_EQ(
      log->Read(oldest - 1, 400, [](const FrameView&) -> Status { return Done{}; }).error().code,
      Code::kNotFound);
  const auto outcome = log->Read(oldest, 400, [&](const FrameView& frame) -> Status {
    EXPECT_EQ(AsText(frame.payload), PayloadOf(frame.position, 2500));
    return Done{};
  });
  EXPECT_EQ(outcome->frames, 400 - oldest + 1);
  log->Stop();
  log.Close();
  TestLog again(disk, SmallConfig());
  ASSERT_TRUE(again.OpenAndStart());
  EXPECT_EQ(again->recovery().first, oldest);
  EXPECT_TRUE(again->recovery().damage.empty());
  EXPECT_EQ(*again.Put("next"), 401U);
}

// Between two of its frames a reader is as slow as it likes: meanwhile everything is released, and
// the files that are free go into use again.
TEST(Log, ASegmentThatIsReadIsNotReleased) {
  SimulatedDisk disk;
  TestLog log(disk, SmallConfig());
  ASSERT_TRUE(log.OpenAndStart());
  for (std::uint64_t id = 1; id <= 60; ++id) ASSERT_TRUE(log.Put(PayloadOf(id, 2500)));
  Position next = 1;
  const auto outcome = log->Read(1, 60, [&](const FrameView& frame) -> Status {
    EXPECT_EQ(frame.position, next++);
    EXPECT_EQ(AsText(frame.payload), PayloadOf(frame.position, 2500));
    if (frame.position != 1) return Done{};
    EXPECT_TRUE(log->Release(60));
    EXPECT_EQ(log->oldest(), 1U);
    for (std::uint64_t id = 61; id <= 120; ++id) EXPECT_TRUE(log.Put(PayloadOf(id, 2500)));
    return log->Release(60);
  });
  ASSERT_TRUE(outcome) << Text(outcome.error());
  EXPECT_TRUE(outcome->lost.empty());
  EXPECT_EQ(next, 61U);
  ASSERT_TRUE(log->Release(60));
  EXPECT_GT(log->oldest(), 1U);
}

TEST(Log, PositionsAreNotUsedAgainWhenEverythingWasReleased) {
  SimulatedDisk disk;
  Position last = 0;
  for (int life = 0; life < 3; ++life) {
    TestLog log(disk, SmallConfig());
    ASSERT_TRUE(log.OpenAndStart());
    EXPECT_EQ(log->published(), last);
    for (int i = 0; i < 50; ++i) {
      auto position = log.Put(PayloadOf(last + 1, 2000));
      ASSERT_EQ(*position, last + 1);
      last = *position;
    }
    ASSERT_TRUE(log->Release(last));
    log->Stop();
    ASSERT_TRUE(log->Release(last));
  }
}

// The end of the log is damaged so that nothing in it says that more was there; parts have rows of
// it.
TEST(Log, PositionsThatAConsumerKnowsAreNotUsedAgain) {
  SimulatedDisk disk;
  {
    TestLog log(disk, SmallConfig());
    ASSERT_TRUE(log.OpenAndStart());
    for (std::uint64_t id = 1; id <= 3; ++id) ASSERT_TRUE(log.Put(PayloadOf(id, 500)));
  }
  for (std::uint64_t life = 0; life < 2; ++life) {
    TestLog log(disk, SmallConfig());
    ASSERT_TRUE(log.Open());
    log->Vouch(2);  // nothing new
    log->Vouch(9);
    ReadOutcome outcome;
    const auto frames = log.ReplayAll(&outcome);
    ASSERT_TRUE(frames);
    EXPECT_EQ(frames->size(), 3U + life);  // and what the life before appended
    ASSERT_TRUE(log->Start());
    EXPECT_EQ(log->published(), 9U + life);
    const auto damage = log->recovery().damage;
    ASSERT_EQ(damage.size(), 1U);
    EXPECT_EQ(damage[0].lost, (PositionRange{.first = 4, .last = 9}));
    EXPECT_EQ(outcome.lost, std::vector{damage[0].lost});
    EXPECT_EQ(*log.Put(PayloadOf(10, 500)), 10U + life);
  }
}

TEST(Log, ALogThatWasTakenAwayOwesNothing) {
  SimulatedDisk disk;
  TestLog log(disk, SmallConfig());
  ASSERT_TRUE(log.Open());
  log->Vouch(9);
  ASSERT_TRUE(log->Start());
  EXPECT_TRUE(log->recovery().damage.empty());
  EXPECT_EQ(log->recovery().skipped, (PositionRange{.first = 1, .last = 9}));
  EXPECT_EQ(*log.Put(PayloadOf(10, 500)), 10U);
}

TEST(Log, APinningConsumerHoldsSegments) {
  SimulatedDisk disk;
  Config config = SmallConfig();
  config.pinning_consumers = {"sealer"};
  TestLog log(disk, config);
  ASSERT_TRUE(log.OpenAndStart());
  for (std::uint64_t id = 1; id <= 100; ++id) ASSERT_TRUE(log.Put(PayloadOf(id, 2500)));
  ASSERT_TRUE(log->Release(100));
  EXPECT_EQ(log->oldest(), 1U);
  ASSERT_TRUE(log->Checkpoint("sealer", 60));
  EXPECT_EQ(log->Lag("sealer"), 40U);
  ASSERT_TRUE(log->Release(100));
  EXPECT_GT(log->oldest(), 30U);
  EXPECT_LE(log->oldest(), 61U);
}

TEST(Log, CursorsSurviveAndNeverGoBack) {
  SimulatedDisk disk;
  {
    TestLog log(disk, SmallConfig());
    ASSERT_TRUE(log.OpenAndStart());
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(log.Put("x"));
    ASSERT_TRUE(log->Checkpoint("sealer", 7));
    ASSERT_TRUE(log->Checkpoint("clickhouse", 3));
    EXPECT_EQ(log->Checkpoint("sealer", 6).error().code, Code::kInvalidInput);
    EXPECT_EQ(log->Checkpoint("sealer", 11).error().code, Code::kInvalidInput);
    EXPECT_EQ(log->Checkpoint("", 1).error().code, Code::kInvalidInput);
  }
  TestLog log(disk, SmallConfig());
  ASSERT_TRUE(log.Open());
  EXPECT_EQ(log->CursorOf("sealer"), 7U);
  EXPECT_EQ(log->CursorOf("clickhouse"), 3U);
  EXPECT_EQ(log->CursorOf("unknown"), 0U);
  EXPECT_EQ(log->Cursors().size(), 2U);
  ASSERT_TRUE(log->ForgetConsumer("clickhouse"));
  EXPECT_EQ(log->CursorOf("clickhouse"), 0U);
}

TEST(Log, OneProcessPerDirectory) {
  SimulatedDisk disk;
  TestLog log(disk, SmallConfig());
  ASSERT_TRUE(log.Open());
  TestLog other(disk, SmallConfig());
  const auto opened = other.Open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kConflict);
  EXPECT_EQ(opened.error().message, "another process uses the log in /log");
  log.Close();
  EXPECT_TRUE(other.Open());
}

TEST(Log, StopSettlesEverything) {
  SimulatedDisk disk;
  TestLog log(disk, SmallConfig());
  ASSERT_TRUE(log.OpenAndStart());
  std::vector<TestAppend*> appends;
  for (std::uint64_t id = 1; id <= 200; ++id) appends.push_back(&log.Submit(PayloadOf(id, 700)));
  log->Stop();
  for (const TestAppend* append : appends) {
    EXPECT_TRUE(append->settled);
    EXPECT_TRUE(append->status);
  }
  EXPECT_EQ(log->published(), 200U);
}

TEST(Log, WorksWithoutDirectWrites) {
  SimulatedDisk disk({.direct = false});
  {
    TestLog log(disk, SmallConfig());
    ASSERT_TRUE(log.OpenAndStart());
    for (std::uint64_t id = 1; id <= 50; ++id) ASSERT_TRUE(log.Put(PayloadOf(id, 2500)));
    EXPECT_FALSE(log->stats().direct);
  }
  TestLog log(disk, SmallConfig());
  ASSERT_TRUE(log.Open());
  EXPECT_EQ(log.ReplayAll()->size(), 50U);
}

TEST(Log, WorksOnTheMachinesFiles) {
  const char* base = std::getenv("TMPDIR");
  std::string folder = std::string(base == nullptr ? "/tmp" : base) + "/strata_wal_XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  Config config = SmallConfig();
  config.directory = folder + "/log";
  std::map<Position, std::string> expected;
  for (int life = 0; life < 2; ++life) {
    TestLog log(os::RealFileSystem(), config);
    ASSERT_TRUE(log.Open());
    EXPECT_EQ(*log.ReplayAll(), expected);
    ASSERT_TRUE(log->Start());
    EXPECT_EQ(TestLog(os::RealFileSystem(), config).Open().error().code, Code::kConflict);
    for (std::uint64_t id = 1; id <= 40; ++id) {
      const std::string payload = PayloadOf(id, 100 + 317 * id);
      auto position = log.Put(payload);
      ASSERT_TRUE(position) << Text(position.error());
      expected[*position] = payload;
    }
  }
  std::filesystem::remove_all(folder);
}

TEST(Log, IntervalSyncSkipsAheadAfterAnUncleanStart) {
  SimulatedDisk disk;
  Config config = SmallConfig();
  config.sync = SyncMode::kInterval;
  config.sync_interval = std::chrono::hours(1);
  TestLog log(disk, config);
  ASSERT_TRUE(log.OpenAndStart());
  for (std::uint64_t id = 1; id <= 20; ++id) ASSERT_TRUE(log.Put(PayloadOf(id, 500)));
  const auto lost = disk.AfterPowerLoss(3);
  Position base = 0;
  {
    TestLog again(*lost, config);
    ASSERT_TRUE(again.Open());
    const RecoveryReport report = again->recovery();
    EXPECT_TRUE(report.damage.empty());
    EXPECT_FALSE(report.skipped.empty());
    base = again->published();
    EXPECT_GT(base, 1'000'000U);
    ASSERT_TRUE(again->Start());
    EXPECT_EQ(*again.Put("after"), base + 1);
  }
  // Closed in order: nothing is skipped now, and the gap is no loss.
  TestLog third(*lost, config);
  ASSERT_TRUE(third.Open());
  EXPECT_EQ(third->published(), base + 1);
  EXPECT_TRUE(third->recovery().damage.empty());
  ReadOutcome outcome;
  const auto frames = third.ReplayAll(&outcome);
  EXPECT_EQ(frames->at(base + 1), "after");
  EXPECT_TRUE(outcome.lost.empty());
}

// What was acked before a power loss may be lost with sync: interval, but its position stays its
// own, also when several losses follow each other and take everything that was written between.
TEST(Log, NoPositionIsGivenTwiceAcrossUncleanStarts) {
  Config config = SmallConfig();
  config.sync = SyncMode::kInterval;
  config.sync_interval = std::chrono::hours(1);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto disk = std::make_unique<SimulatedDisk>();
    Position highest = 0;
    for (std::uint64_t life = 0; life < 4; ++life) {
      TestLog log(*disk, config);
      ASSERT_TRUE(log.OpenAndStart());
      for (std::uint64_t id = 1; id <= 3; ++id) {
        const auto position = log.Put(PayloadOf(id, 500));
        ASSERT_TRUE(position);
        ASSERT_GT(*position, highest) << "seed " << seed << ", life " << life;
        highest = *position;
      }
      auto next = disk->AfterPowerLoss(10 * seed + life);
      log.Close();
      disk = std::move(next);
    }
  }
}

TEST(Config, SaysWhatIsWrong) {
  struct Case {
    const char* want;
    void (*spoil)(Config&);
  };
  const Case cases[] = {
      {"log.directory is not set", [](Config& c) { c.directory.clear(); }},
      {"log.segment_bytes must be a multiple of 4KiB", [](Config& c) { c.segment_bytes += 1; }},
      {"log.frame_bytes_max must be 1B to 64MiB", [](Config& c) { c.frame_bytes_max = 65_MiB; }},
      {"log.frame_bytes_max must be 1B to 64MiB", [](Config& c) { c.frame_bytes_max = 0; }},
      {"log.segment_bytes must hold a frame of log.frame_bytes_max (64KiB) and 12KiB",
       [](Config& c) { c.frame_bytes_max = 64_KiB; }},
      {"log.max_bytes must hold at least two segments of 64KiB",
       [](Config& c) { c.max_bytes = 127_KiB; }},
      {"log.group_bytes_max must be at least 4KiB", [](Config& c) { c.group_bytes_max = 1_KiB; }},
      {"log.queue_bytes_max must hold a frame of log.frame_bytes_max (32KiB)",
       [](Config& c) { c.queue_bytes_max = 32_KiB; }},
      {"log.sync_interval must be positive",
       [](Config& c) {
         c.sync = SyncMode::kInterval;
         c.sync_interval = std::chrono::milliseconds(0);
       }},
  };
  EXPECT_TRUE(SmallConfig().Validate());
  EXPECT_TRUE(Config{.directory = "x"}.Validate());
  for (const auto& [want, spoil] : cases) {
    Config config = SmallConfig();
    spoil(config);
    const auto valid = config.Validate();
    ASSERT_FALSE(valid) << want;
    EXPECT_EQ(valid.error().message, want);
  }
}

}  // namespace
}  // namespace strata::wal
