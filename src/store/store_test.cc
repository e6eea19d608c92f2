#include "store/store.h"

#include <stop_token>
#include <thread>

#include <gtest/gtest.h>

#include "store/test_rig.h"

namespace strata::store {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::uint64_t PartCount(Store& store) {
  std::uint64_t parts = 0;
  for (const CollectionFigures& figures : store.Figures().collections) parts += figures.parts;
  return parts;
}

Config TestConfig() {
  Config config;
  config.merge.check_interval = Duration(1);
  return config;
}

struct StoreTest : testing::Test {
  std::unique_ptr<World> world;
  Config config = TestConfig();
  hot::Config hot_config;
  std::uint64_t reserve_bytes = 0;

  void Begin(Position segment_frames = 8) {
    world = std::make_unique<World>(std::make_unique<os::SimulatedDisk>(), config, hot_config,
                                    segment_frames, reserve_bytes);
    const Status booted = world->Boot();
    ASSERT_TRUE(booted) << booted.error().message;
  }
  void Merge() {
    while (world->store().UpkeepPass()) {
    }
  }
};

TEST_F(StoreTest, ACollectionIsSealedByRowsOrAge) {
  config.seal.rows = 100;
  config.seal.small_rows = 50;
  config.seal.tiny_rows = 2;
  Begin();
  const auto& logs = world->Collection("prod");
  world->Ingest(logs, 99);
  ASSERT_TRUE(world->store().SealPass());
  EXPECT_EQ(PartCount(world->store()), 0U);
  world->Ingest(logs, 1);
  ASSERT_TRUE(world->store().SealPass());
  EXPECT_EQ(PartCount(world->store()), 1U);
  EXPECT_EQ(world->store().Sealed(logs.id), 3U);
  world->Ingest(logs, 50);
  ASSERT_TRUE(world->store().SealPass());
  EXPECT_EQ(PartCount(world->store()), 1U);
  world->clock.Advance(minutes(5));
  ASSERT_TRUE(world->store().SealPass());
  EXPECT_EQ(PartCount(world->store()), 2U);
  EXPECT_EQ(world->Check(), "");
  const PartPtr part = world->store().Pin("prod")->Find(logs.id)->parts[0];
  EXPECT_EQ(part->path, "parts/prod/logs/2026-09-21/14/000000000002-000000000003.parquet");
}

TEST_F(StoreTest, MemoryAboveItsLimitIsSealedAndEvicted) {
  hot_config.memory_bytes = 200'000;
  Begin();
  const auto& logs = world->Collection("prod");
  for (int i = 0; i < 50; ++i) world->Ingest(logs, 1000);
  ASSERT_GT(world->hot().bytes(), hot_config.memory_bytes);
  ASSERT_TRUE(world->store().SealPass());
  EXPECT_LT(world->hot().bytes(), hot_config.memory_bytes);
  EXPECT_EQ(world->Check(), "");
}

TEST_F(StoreTest, AThousandQuietCollectionsNeitherHoldTheLogNorMakePartsEachHour) {
  config.seal.small_rows = 1000;
  config.carry.segments_max = 4;
  Begin(/*segment_frames=*/2000);
  const auto ingest = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const std::string team = "team-" + std::to_string(i % 50);
      world->Ingest(world->Collection(team, std::to_string(i)), 2);
    }
  };
  for (int hour = 0; hour < 24; ++hour) {
    ingest(1000);
    ASSERT_TRUE(world->store().SealPass());
    world->clock.Advance(hours(1));
  }
  EXPECT_EQ(PartCount(world->store()), 0U);
  EXPECT_LE(world->log().Segments().size(), 6U) << "of 13";
  EXPECT_GT(world->store().Figures().carry_bytes, 0U);
  EXPECT_LT(world->store().Figures().carry_bytes, 64_MiB);
  world->Crash(1);
  ASSERT_TRUE(world->Boot());
  EXPECT_EQ(world->Check(), "");
}

TEST_F(StoreTest, QuietCollectionsGetAPartADayAndStayFewFiles) {
  config.seal.small_rows = 1000;
  Begin(/*segment_frames=*/2000);
  for (int hour = 1; hour <= 24 * 16; ++hour) {
    for (int i = 0; i < 20; ++i) world->Ingest(world->Collection("prod", std::to_string(i)), 2);
    world->clock.Advance(hours(1));
    ASSERT_TRUE(world->store().SealPass());
    Merge();
    if (hour == 24) {
      EXPECT_EQ(PartCount(world->store()), 20U);
    }
  }
  EXPECT_LE(PartCount(world->store()), 20U * 6);
  EXPECT_EQ(world->Check(), "");
}

TEST_F(StoreTest, FilesOfMergedPartsStayWhileSomebodyReads) {
  config.seal.rows = 10;
  Begin();
  const auto& logs = world->Collection("prod");
  for (int i = 0; i < 4; ++i) {
    world->Ingest(logs, 10);
    ASSERT_TRUE(world->store().SealPass());
  }
  ManifestPtr pinned = world->store().Pin("prod");
  ASSERT_EQ(pinned->Find(logs.id)->parts.size(), 4U);
  Merge();
  EXPECT_EQ(PartCount(world->store()), 1U);
  EXPECT_EQ(world->store().Figures().parts_to_remove, 4U);
  for (const PartPtr& part : pinned->Find(logs.id)->parts) {
    EXPECT_TRUE(*world->disk().Exists(world->config.data_dir / part->path));
  }
  const std::string path = pinned->Find(logs.id)->parts[0]->path;
  pinned.reset();
  world->store().UpkeepPass();
  EXPECT_EQ(world->store().Figures().parts_to_remove, 0U);
  EXPECT_FALSE(*world->disk().Exists(world->config.data_dir / path));
  EXPECT_EQ(world->Check(), "");
}

TEST_F(StoreTest, RetentionDropsWhatItsDryRunShows) {
  config.seal.rows = 10;
  config.merge.enabled = false;
  config.retention.by_kind[static_cast<std::size_t>(model::Kind::kLogs)] = hours(48);
  config.retention.by_collection["prod/kept"] = {};
  Begin();
  const auto& logs = world->Collection("prod");
  const auto& kept = world->Collection("prod", "kept");
  for (int day = 0; day < 4; ++day) {
    world->Ingest(logs, 10);
    world->Ingest(kept, 10);
    ASSERT_TRUE(world->store().SealPass());
    world->clock.Advance(hours(24));
  }
  auto plan = world->store().PlanRetention();
  ASSERT_EQ(plan.size(), 2U);
  EXPECT_EQ(PartCount(world->store()), 8U) << "a plan drops nothing";
  world->store().UpkeepPass();
  EXPECT_EQ(PartCount(world->store()), 6U);
  for (const RetentionDrop& drop : plan) {
    for (Position p = drop.part->min_position(); p <= drop.part->max_position(); ++p) {
      EXPECT_TRUE(world->store().Where(logs.id, p).dropped);
      world->acked.erase(p);
    }
  }
  plan.clear();  // it held the parts
  world->store().UpkeepPass();
  EXPECT_EQ(world->Check(), "");
  world->Crash(3);
  ASSERT_TRUE(world->Boot());
  EXPECT_EQ(world->Check(), "");
  EXPECT_EQ(world->store().Figures().collections[0].dropped.size(), 1U);
}

TEST_F(StoreTest, AReceiptIsFollowed) {
  config.seal.rows = 10;
  hot_config.memory_bytes = 1;
  Begin(/*segment_frames=*/2);
  const auto& logs = world->Collection("prod");
  const Position first = world->Ingest(logs, 5);
  Whereabouts where = world->store().Where(logs.id, first);
  EXPECT_TRUE(where.in_log && where.in_hot && where.parts.empty());
  world->Ingest(logs, 5);
  ASSERT_TRUE(world->store().SealPass());
  where = world->store().Where(logs.id, first);
  EXPECT_FALSE(where.in_log);
  EXPECT_FALSE(where.in_hot);
  EXPECT_EQ(where.parts.size(), 1U);
  EXPECT_FALSE(world->store().Where(logs.id, 99).in_log);
  EXPECT_FALSE(world->store().Where(99, first).in_log);
}

TEST_F(StoreTest, SealAllSealsAsFarAsTheTimeGoes) {
  Begin();
  const auto& logs = world->Collection("prod");
  const auto& spans = world->Collection("prod", "spans");
  world->Ingest(logs, 10);
  world->Ingest(spans, 1000);
  EXPECT_FALSE(world->store().SealAll(world->clock.Monotonic()));
  EXPECT_EQ(PartCount(world->store()), 0U);
  EXPECT_TRUE(world->store().SealAll(world->clock.Monotonic() + seconds(5)));
  EXPECT_EQ(PartCount(world->store()), 2U);
  world->Crash(1);
  ASSERT_TRUE(world->Boot());
  EXPECT_EQ(world->hot().bytes(), 0U) << "nothing to replay";
  EXPECT_EQ(world->Check(), "");
}

// Ten years ahead and back: what is young stays, timers go on, and what is old goes in its time.
TEST_F(StoreTest, JumpsOfTheWallClockDropNothingAndStopNoTimer) {
  config.seal.rows = 1000;
  config.seal.small_rows = 10;
  config.seal.tiny_rows = 2;
  config.merge.enabled = false;
  config.retention.by_kind[static_cast<std::size_t>(model::Kind::kLogs)] = hours(48);
  Begin();
  const auto& logs = world->Collection("prod");
  std::uint64_t parts = 0;
  for (const Duration jump : {Duration(hours(24 * 3650)), Duration(-hours(24 * 7300))}) {
    world->Ingest(logs, 20);
    world->clock.JumpWall(jump);
    ASSERT_TRUE(world->store().SealPass());
    EXPECT_EQ(PartCount(world->store()), parts) << "the rows are not old yet";
    world->clock.Advance(minutes(5));
    ASSERT_TRUE(world->store().SealPass());
    EXPECT_EQ(PartCount(world->store()), ++parts)
        << "five minutes are over, whatever the wall says";
    world->clock.Advance(minutes(2));
    EXPECT_TRUE(world->store().PlanRetention().empty());
    world->store().UpkeepPass();
    EXPECT_EQ(PartCount(world->store()), parts);
    EXPECT_EQ(world->Check(), "");
    world->clock.JumpWall(-jump);
    world->store().UpkeepPass();
  }
  world->clock.Advance(hours(50));
  world->store().UpkeepPass();
  EXPECT_LT(PartCount(world->store()), parts) << "retention itself goes on";
}

TEST_F(StoreTest, AFullDiskIsToldAndOvercome) {
  config.seal.rows = 10;
  Begin();
  const auto& logs = world->Collection("prod");
  world->disk().SetCapacity(100);
  world->Ingest(logs, 10);
  EXPECT_FALSE(world->store().SealPass());
  EXPECT_NE(world->store().ailment(), "");
  EXPECT_EQ(world->Check(/*tidy=*/false), "");
  EXPECT_EQ(world->log().oldest(), 1U);
  world->disk().SetCapacity(1_GiB);
  EXPECT_TRUE(world->store().SealPass()) << "waits for its time";
  EXPECT_EQ(PartCount(world->store()), 0U);
  world->clock.Advance(seconds(2));
  EXPECT_TRUE(world->store().SealPass());
  EXPECT_EQ(PartCount(world->store()), 1U);
  EXPECT_EQ(world->store().ailment(), "");
  EXPECT_EQ(world->Check(), "");
}

// Without a free byte: sealing, merging and retention work on what the reserve gives up, and
// segments of the log are released.
TEST_F(StoreTest, TheReserveLetsSealingMergingAndRetentionFinishOnAFullDisk) {
  config.seal.rows = 10;
  config.merge.target_rows = 4000;
  config.merge.large_rows = 1000;
  config.retention.by_kind[static_cast<std::size_t>(model::Kind::kLogs)] = hours(24);
  reserve_bytes = 64_KiB;
  Begin(/*segment_frames=*/3);
  ASSERT_TRUE(world->reserve().Establish());
  const auto& logs = world->Collection("prod");
  for (int i = 0; i < 8; ++i) {
    world->Ingest(logs, 10);
    if (i == 7) break;
    ASSERT_TRUE(world->store().SealPass());
  }
  const std::uint64_t parts = PartCount(world->store());
  ASSERT_EQ(parts, 7U);
  ASSERT_EQ(world->log().oldest(), 7U);
  world->disk().SetCapacity(world->UsedBytes());  // what is there, and no byte more
  EXPECT_EQ(world->disk().FreeSpace(".")->free_bytes, 0U);
  EXPECT_TRUE(world->store().SealPass());
  EXPECT_EQ(PartCount(world->store()), parts + 1);
  EXPECT_EQ(world->log().oldest(), 0U) << "nothing waits";
  EXPECT_FALSE(world->reserve().is_held());
  world->store().SaveSpaceWhile([] { return true; });
  Merge();
  EXPECT_LT(PartCount(world->store()), parts);
  EXPECT_EQ(world->Check(), "");
  world->clock.Advance(hours(26));
  world->store().UpkeepPass();
  EXPECT_EQ(PartCount(world->store()), 0U);
  world->disk().SetCapacity(1_GiB);
  EXPECT_TRUE(world->reserve().Establish());
}

// Found by strata chaos: a consumer that lags, and a log that is full meanwhile.
TEST_F(StoreTest, WhatWasPinnedIsReleasedWithoutAnotherFrame) {
  config.seal.rows = 10;
  Begin(/*segment_frames=*/3);
  world->log().pinned_at = 0;
  for (int i = 0; i < 5; ++i) world->Ingest(world->Collection("prod"), 10);
  ASSERT_TRUE(world->store().SealPass());
  EXPECT_EQ(world->log().oldest(), 1U);
  world->log().pinned_at = 6;
  ASSERT_TRUE(world->store().SealPass());
  EXPECT_EQ(world->log().oldest(), 0U);
}

TEST_F(StoreTest, WithoutAReserveAFullDiskStopsThem) {
  config.seal.rows = 10;
  Begin();
  world->Ingest(world->Collection("prod"), 10);
  world->disk().SetCapacity(world->UsedBytes());
  EXPECT_FALSE(world->store().SealPass());
}

TEST_F(StoreTest, AMergeIsGivenUpOnAStopAndDoneByTheNextProcess) {
  config.seal.rows = 10;
  Begin();
  for (int i = 0; i < 8; ++i) {
    world->Ingest(world->Collection("prod"), 10);
    ASSERT_TRUE(world->store().SealPass());
  }
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(world->store().UpkeepPass(stop.get_token()));
  EXPECT_EQ(PartCount(world->store()), 8U);
  EXPECT_EQ(world->Check(), "") << "and nothing of it is left";
  world->Crash(1);
  ASSERT_TRUE(world->Boot());
  Merge();
  EXPECT_LT(PartCount(world->store()), 8U);
  EXPECT_EQ(world->Check(), "");
}

TEST_F(StoreTest, ALargeMergeWaitsForADiskWithRoom) {
  config.seal.rows = 10;
  config.merge.low_disk_bytes_max = 20;  // one part
  Begin();
  for (int i = 0; i < 8; ++i) {
    world->Ingest(world->Collection("prod"), 10);
    ASSERT_TRUE(world->store().SealPass());
  }
  bool low = true;
  world->store().SaveSpaceWhile([&] { return low; });
  Merge();
  EXPECT_EQ(PartCount(world->store()), 8U);
  low = false;
  world->clock.Advance(minutes(1));
  Merge();
  EXPECT_LT(PartCount(world->store()), 8U);
}

TEST_F(StoreTest, TheLogAtItsLimitGetsSpace) {
  config.carry.segments_max = 100;
  Begin();
  const auto& logs = world->Collection("prod");
  for (int i = 0; i < 40; ++i) world->Ingest(logs, 10);
  ASSERT_TRUE(world->store().SealPass());
  world->log().max_bytes = world->log().stats().log_bytes;
  ASSERT_TRUE(world->log().stats().full);
  ASSERT_TRUE(world->store().SealPass());
  EXPECT_FALSE(world->log().stats().full);
  world->Crash(1);
  ASSERT_TRUE(world->Boot());
  EXPECT_EQ(world->Check(), "");
}

TEST_F(StoreTest, AMissingPartIsToldAndTheRestServed) {
  config.seal.rows = 10;
  Begin();
  const auto& logs = world->Collection("prod");
  for (int i = 0; i < 2; ++i) {
    world->Ingest(logs, 10);
    ASSERT_TRUE(world->store().SealPass());
  }
  const std::string path = world->store().Pin("prod")->Find(logs.id)->parts[0]->path;
  ASSERT_TRUE(world->disk().Remove(world->config.data_dir / path));
  world->Crash(std::nullopt);
  ASSERT_TRUE(world->Boot());
  ASSERT_EQ(world->store().report().parts.missing.size(), 1U);
  EXPECT_EQ(world->store().report().parts.missing[0]->path, path);
  EXPECT_EQ(PartCount(world->store()), 2U);
}

TEST_F(StoreTest, WithoutItsManifestPartsAreKeptAside) {
  config.seal.rows = 10;
  Begin();
  world->Ingest(world->Collection("prod"), 10);
  ASSERT_TRUE(world->store().SealPass());
  for (const std::string& file : world->disk().Files()) {
    if (file.ends_with(".parquet") || file.ends_with(".filter")) continue;
    ASSERT_TRUE(world->disk().Remove(file));
  }
  const auto opened = Store::Open(world->config, world->disk(), world->clock, world->collections(),
                                  *std::make_unique<FakePartWriter>(world->disk()),
                                  *std::make_unique<model::Registry>());
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->report().adopted.set_aside.size(), 1U);
}

// Readers join parts and memory while sealing, eviction and merging run without pause: every read
// is a gap-free prefix without a row twice.
TEST_F(StoreTest, ReadersSeeEachRowOnceWhileEverythingMoves) {
  config.seal.rows = 30;
  config.merge.target_rows = 2000;
  config.merge.large_rows = 1000;
  config.seal.check_interval = std::chrono::microseconds(50);
  config.merge.check_interval = std::chrono::microseconds(50);
  hot_config.memory_bytes = 1;  // whatever is sealed is evicted
  Begin();
  const auto& logs = world->Collection("prod");
  constexpr Position kLast = 5000;
  std::vector<std::jthread> threads;
  threads.emplace_back([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) static_cast<void>(world->store().SealPass().has_value());
  });
  threads.emplace_back([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      world->clock.Advance(seconds(1));
      world->store().UpkeepPass();
    }
  });
  threads.emplace_back([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && world->log().published() < kLast) {
      // Not so fast that all is over before the first part is read.
      if (world->log().published() - world->store().Sealed(logs.id) < 200) {
        world->Ingest(logs, 1);
      } else {
        std::this_thread::yield();
      }
    }
  });
  std::uint64_t reads = 0;
  std::uint64_t restarts = 0;
  std::uint64_t from_parts = 0;
  for (bool last = false; !last; ++reads) {
    last = world->log().published() >= kLast;
    while (true) {
      const Position floor = world->hot().Floor(logs.id);
      const ManifestPtr snapshot = world->store().Pin("prod");
      const Split split = world->store().SplitAt(*snapshot, logs.id, floor);
      const Position published = world->log().published();
      ASSERT_LE(split.through, published);
      const auto slices = world->hot().Slices(logs.id, split.through, published);
      if (world->hot().Floor(logs.id) > split.through) {
        ++restarts;
        continue;
      }
      std::uint64_t rows = 0;
      for (const duck::PartRef& part : split.parts) {
        const auto content = FakePartWriter::ReadRows(part.path, world->disk());
        ASSERT_TRUE(content) << content.error().message;
        ASSERT_LE(content->rbegin()->first, split.through);
        for (const auto& [position, count] : *content) rows += count;
      }
      from_parts += rows;
      for (const auto& slice : slices) rows += slice.RowCount();
      ASSERT_EQ(rows, published - 1) << "position 1 defines the collection";
      break;
    }
  }
  for (auto& thread : threads) thread.request_stop();
  threads.clear();
  std::printf("%llu reads, %llu rows from parts, %llu started again\n",
              static_cast<unsigned long long>(reads), static_cast<unsigned long long>(from_parts),
              static_cast<unsigned long long>(restarts));
  EXPECT_GT(from_parts, 0U);
  EXPECT_EQ(world->Check(/*tidy=*/false), "");
}

// A merged part begins in what was evicted and ends in what is still in memory: only one of the two
// is read.
TEST_F(StoreTest, APartThatReachesBeyondTheFloorReplacesRowsInMemory) {
  config.seal.rows = 40;
  Begin();
  const auto& logs = world->Collection("prod");
  for (int i = 0; i < 4; ++i) {
    world->clock.Advance(minutes(25));
    world->Ingest(logs, 40);
    ASSERT_TRUE(world->store().SealPass());
  }
  const Position floor = world->hot().Floor(logs.id);
  ASSERT_GT(floor, 0U) << "nothing was evicted";
  ASSERT_FALSE(world->hot().Slices(logs.id, floor, world->log().published()).empty());
  Merge();
  ASSERT_EQ(PartCount(world->store()), 1U);
  EXPECT_EQ(world->store().SplitAt(*world->store().Pin("prod"), logs.id, floor).through,
            world->log().published());
  EXPECT_EQ(world->Check(), "");
}

TEST_F(StoreTest, ThreadsSealAndMergeByThemselves) {
  config.seal.rows = 10;
  config.seal.check_interval = std::chrono::milliseconds(1);
  world = std::make_unique<World>(std::make_unique<os::SimulatedDisk>(), config, hot_config);
  ASSERT_TRUE(world->Boot(/*threads=*/true));
  const auto& logs = world->Collection("prod");
  for (int i = 0; i < 4; ++i) {
    const Position position = world->Ingest(logs, 10);
    world->store().Nudge();
    while (world->store().Sealed(logs.id) < position) std::this_thread::yield();
  }
  while (PartCount(world->store()) > 1) world->clock.Advance(seconds(1));
  world->store().Stop();
  world->store().UpkeepPass();  // the inputs' files may not be gone yet
  EXPECT_EQ(world->Check(), "");
}

}  // namespace
}  // namespace strata::store
