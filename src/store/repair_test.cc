// What becomes of parts that do not read back: nothing that memory or the log still has is lost,
// and what is lost is told exactly.
#include "store/repair.h"

#include <cerrno>
#include <stop_token>

#include <gtest/gtest.h>

#include "os/quarantine.h"
#include "store/test_repair.h"

namespace strata::store {
namespace {

TEST_F(RepairTest, ASuspectIsLeftOutAndAnswersSaySo) {
  hot_config.memory_bytes = 1;  // whatever is sealed is evicted
  Begin();
  Fill();
  const PartPtr part = Parts().parts[1];
  EXPECT_TRUE(SplitNow().missing.empty());
  EXPECT_TRUE(Report(part->path));
  EXPECT_FALSE(Report(part->path)) << "it is known";
  const Split split = SplitNow();
  EXPECT_EQ(split.parts.size(), 2U);
  ASSERT_EQ(split.missing.size(), 1U);
  EXPECT_EQ(split.missing[0].rows, 30U);
  EXPECT_EQ(split.missing[0].min_position, part->min_position());
  EXPECT_EQ(split.missing[0].max_position, part->max_position());
  // It was a false alarm.
  world->store().UpkeepPass();
  EXPECT_TRUE(SplitNow().missing.empty());
  EXPECT_EQ(SplitNow().parts.size(), 3U);
  EXPECT_TRUE(IsThere(part->path));
}

TEST_F(RepairTest, RowsThatAreStillInMemoryAreWrittenAgain) {
  segment_frames = 1;  // the log keeps nothing
  Begin();
  Fill();
  const std::string path = PathOf(1);
  Damage(path);
  const Bytes bad = world->disk().Content(world->config.data_dir / path);
  Report(path);
  world->store().UpkeepPass();
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_EQ(Parts().parts.size(), 3U);
  EXPECT_NE(PathOf(1), path) << "a path never gets another content";
  EXPECT_EQ(world->disk().Content(world->config.data_dir / os::QuarantinePath(path)), bad);
  EXPECT_FALSE(IsThere(path));
  world->hot().Evict(/*all=*/true);
  EXPECT_EQ(world->Check(), "");
}

TEST_F(RepairTest, RowsThatAreStillInTheLogAreWrittenAgain) {
  hot_config.memory_bytes = 1;
  Begin();
  Fill();
  world->log().reread_rows_max = 20;  // so that they become two parts
  Damage(PathOf(0));
  Damage(PathOf(2));
  Report(PathOf(0));
  Report(PathOf(2));
  world->store().UpkeepPass();
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_EQ(Parts().parts.size(), 5U);
  EXPECT_EQ(world->Check(), "");
  world->Crash(1);
  ASSERT_TRUE(world->Boot());
  EXPECT_EQ(world->Check(), "");
}

TEST_F(RepairTest, WhatNothingHasIsToldExactly) {
  hot_config.memory_bytes = 1;
  segment_frames = 2;
  Begin();
  Fill();
  const PartPtr part = Parts().parts[1];
  Damage(part->path);
  Report(part->path);
  world->store().UpkeepPass();
  ASSERT_EQ(Parts().lost.size(), 1U);
  const LostRows lost = Parts().lost[0];
  EXPECT_EQ(lost.positions, (wal::PositionRange{part->min_position(), part->max_position()}));
  EXPECT_EQ(lost.rows, 30U);
  EXPECT_EQ(lost.file, os::QuarantinePath(part->path));
  EXPECT_EQ(lost.found_ns, world->clock.WallNanos());
  EXPECT_NE(lost.reason.find("checksum"), std::string::npos) << lost.reason;
  ASSERT_EQ(SplitNow().missing.size(), 1U);
  EXPECT_EQ(SplitNow().missing[0].rows, 30U);
  EXPECT_EQ(WriteOffLost(), "");
  EXPECT_EQ(world->Check(), "");
  // And not forgotten.
  world->Crash(1);
  ASSERT_TRUE(world->Boot());
  ASSERT_EQ(Parts().lost.size(), 1U);
  EXPECT_EQ(Parts().lost[0], lost);
  EXPECT_EQ(SplitNow().missing.size(), 1U);
  EXPECT_EQ(world->Check(), "");
}

// The log has released the first of three requests and still has the others.
TEST_F(RepairTest, OfAPartThatTheLogHasInPartOnlyTheRestIsLost) {
  hot_config.memory_bytes = 1;
  Begin();
  Fill();
  const PartPtr part = Parts().parts[1];
  world->log().Forget(part->min_position());
  Damage(part->path);
  Report(part->path);
  world->store().UpkeepPass();
  ASSERT_EQ(Parts().lost.size(), 1U);
  EXPECT_EQ(Parts().lost[0].rows, 10U);
  EXPECT_EQ(Parts().lost[0].positions,
            (wal::PositionRange{part->min_position(), part->min_position()}));
  EXPECT_EQ(WriteOffLost(), "");
  EXPECT_EQ(world->Check(), "");
}

// Memory has the younger rows of a part, and only those.
TEST_F(RepairTest, OfAPartThatMemoryHasInPartOnlyTheRestIsLost) {
  segment_frames = 1;  // the log keeps nothing
  Begin();
  for (int i = 0; i < 4; ++i) {
    world->clock.Advance(std::chrono::minutes(25));
    world->Ingest(world->Collection("prod"), 40);
    ASSERT_TRUE(world->store().SealPass());
  }
  Config merging = world->config;
  merging.merge.enabled = true;
  merging.merge.target_rows = 1000;
  merging.merge.check_interval = Duration(1);
  world->store().Configure(merging);
  for (int i = 0; i < 20 && Parts().parts.size() > 1; ++i) {
    world->clock.Advance(std::chrono::seconds(1));
    world->store().UpkeepPass();
  }
  ASSERT_EQ(Parts().parts.size(), 1U);
  const PartPtr part = Parts().parts[0];
  const Position floor = world->hot().Floor(part->collection);
  ASSERT_LE(part->min_position(), floor);
  ASSERT_LT(floor, part->max_position());
  Damage(part->path);
  Report(part->path);
  world->store().UpkeepPass();
  ASSERT_EQ(Parts().lost.size(), 1U);
  EXPECT_EQ(Parts().lost[0].positions, (wal::PositionRange{part->min_position(), floor}));
  EXPECT_EQ(WriteOffLost(), "");
  world->hot().Evict(/*all=*/true);
  EXPECT_EQ(world->Check(/*tidy=*/false), "");
}

TEST_F(RepairTest, APartThatIsGoneAtTheStartIsWrittenAgain) {
  Begin();
  Fill();
  ASSERT_TRUE(world->disk().Remove(world->config.data_dir / PathOf(0)));
  const auto cut = world->config.data_dir / PathOf(2);
  Bytes bytes = world->disk().Content(cut);
  bytes.pop_back();
  world->disk().SetContent(cut, bytes);
  world->Crash(std::nullopt);
  ASSERT_TRUE(world->Boot());
  EXPECT_EQ(world->store().report().parts.missing.size(), 2U);
  EXPECT_EQ(SplitNow().missing.size(), 2U);
  world->store().UpkeepPass();
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_EQ(world->Check(), "");
}

TEST_F(RepairTest, RetentionForgetsWhatItWouldHaveDropped) {
  hot_config.memory_bytes = 1;
  segment_frames = 1;
  config.retention.by_kind[static_cast<std::size_t>(model::Kind::kLogs)] = std::chrono::hours(24);
  Begin();
  Fill();
  Damage(PathOf(1));
  Report(PathOf(1));
  world->store().UpkeepPass();
  ASSERT_EQ(Parts().lost.size(), 1U);
  world->clock.Advance(std::chrono::hours(25));
  world->store().UpkeepPass();
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_TRUE(Parts().parts.empty());
}

// A merge that meets damage has the part judged instead of leaving its neighbours alone for ever.
TEST_F(RepairTest, AMergeThatMeetsDamageHasItJudged) {
  hot_config.memory_bytes = 1;
  Begin();
  Fill(6);
  Damage(PathOf(1));
  world->Crash(std::nullopt);
  world->config.merge.enabled = true;
  world->config.merge.target_rows = 1000;
  world->config.merge.check_interval = Duration(1);
  ASSERT_TRUE(world->Boot());
  for (int i = 0; i < 4; ++i) {
    world->clock.Advance(std::chrono::minutes(10));
    world->store().UpkeepPass();
  }
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_EQ(Parts().parts.size(), 1U);
  EXPECT_EQ(world->Check(), "");
}

// The judgement is cut, or a call fails, at every operation: afterwards each row is served or told
// as lost, once.
TEST_F(RepairTest, PowerLossAtEveryOperationOfAJudgement) {
  hot_config.memory_bytes = 1;
  segment_frames = 4;  // some of the part's rows are in the log
  bool crashed = true;
  std::uint64_t states = 0;
  for (std::uint64_t at = 1; crashed; ++at) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed, ++states) {
      Begin();
      Fill();
      Damage(PathOf(1));
      Report(PathOf(1));
      world->disk().CrashAt(at);
      world->store().UpkeepPass();
      crashed = world->disk().crashed();
      world->Crash(seed);
      ASSERT_TRUE(world->Boot()) << at;
      Report(PathOf(1));
      world->store().UpkeepPass();
      ASSERT_EQ(WriteOffLost(), "") << "operation " << at << ", seed " << seed;
      ASSERT_EQ(world->Check(), "") << "operation " << at << ", seed " << seed;
    }
  }
  std::printf("%llu crash states\n", static_cast<unsigned long long>(states));
  EXPECT_GT(states, 50U);
}

TEST_F(RepairTest, EveryOperationOfAJudgementFails) {
  hot_config.memory_bytes = 1;
  // What the log has of it is one request, or three, which become a part each.
  for (const auto& [number, frames] :
       {std::pair(EIO, 4), std::pair(ENOSPC, 4), std::pair(EIO, 1000), std::pair(ENOSPC, 1000)}) {
    segment_frames = static_cast<Position>(frames);
    bool reached = true;
    for (std::uint64_t at = 1; reached; ++at) {
      Begin();
      Fill();
      world->log().reread_rows_max = 10;  // so that they become several parts
      Damage(PathOf(1));
      Report(PathOf(1));
      const std::uint64_t before = world->disk().operations();
      world->disk().FailAt(at, number, os::SimulatedDisk::Repeat::kOnce);
      world->store().UpkeepPass();
      reached = world->disk().operations() - before >= at;
      world->disk().ClearFault();
      world->clock.Advance(std::chrono::minutes(2));
      world->store().UpkeepPass();
      ASSERT_TRUE(world->store().Figures().suspect_parts.empty()) << at;
      ASSERT_EQ(WriteOffLost(), "") << "operation " << at << ", errno " << number;
      ASSERT_EQ(world->Check(), "") << "operation " << at << ", errno " << number;
    }
  }
}

TEST_F(RepairTest, AStopEndsAJudgementWhereverItIs) {
  hot_config.memory_bytes = 1;
  Begin();
  Fill();
  world->log().reread_rows_max = 10;  // one request of three at a time
  Damage(PathOf(1));
  Report(PathOf(1));
  std::stop_source before;
  before.request_stop();
  world->store().UpkeepPass(before.get_token());
  EXPECT_TRUE(IsThere(PathOf(1))) << "it was not even read";
  std::stop_source meanwhile;
  int pieces = 0;
  world->log().on_reread = [&] {
    if (++pieces == 2) meanwhile.request_stop();
  };
  world->store().UpkeepPass(meanwhile.get_token());
  EXPECT_EQ(pieces, 2);
  EXPECT_EQ(world->store().Figures().suspect_parts.size(), 1U);
  EXPECT_TRUE(Parts().lost.empty());
  world->log().on_reread = {};
  world->Crash(std::nullopt);
  ASSERT_TRUE(world->Boot());
  world->store().UpkeepPass();
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_EQ(world->Check(), "");
}

// Both files of the manifest lost the edit that listed a part: the part is there, and is listed
// again.
TEST_F(RepairTest, PartsOfALostEditAreAdopted) {
  hot_config.memory_bytes = 1;
  segment_frames = 1;
  Begin();
  Fill();
  const std::string path = PathOf(1);
  const std::int64_t arrival_ns = Parts().parts[1]->last_arrival_ns;
  world->LoseEntry(path);
  world->Crash(1);
  ASSERT_TRUE(world->Boot());
  EXPECT_TRUE(world->store().report().manifests.at("prod").lost_edits);
  EXPECT_EQ(world->store().report().adopted.adopted, 1U);
  EXPECT_EQ(Parts().parts.size(), 3U);
  EXPECT_EQ(PathOf(1), path);
  EXPECT_GE(Parts().parts[1]->last_arrival_ns, arrival_ns) << "retention would drop it too early";
  EXPECT_EQ(world->Check(), "");
  world->Crash(2);
  ASSERT_TRUE(world->Boot());
  EXPECT_TRUE(world->store().report().manifests.empty()) << "it was written anew";
  EXPECT_EQ(world->Check(), "");
}

// Frames of a quiet collection that only the carry file has.
struct CarriedTest : RepairTest {
  std::string file;
  Position first = 0;  // of the quiet collection's rows
  Position last = 0;

  void SetUp() override {
    config.seal.small_rows = 5;
    config.seal.tiny_rows = 3;
    config.carry.segments_max = 1;
    segment_frames = 4;
    Begin();
    const auto& quiet = world->Collection("prod", "quiet");
    const auto& busy = world->Collection("prod");
    first = world->Ingest(quiet, 1);
    world->Ingest(quiet, 1);
    last = world->Ingest(quiet, 1);
    for (int i = 0; i < 12; ++i) {
      world->Ingest(busy, 10);
      ASSERT_TRUE(world->store().SealPass());
    }
    ASSERT_NE(world->log().oldest(), 1U) << "the log has let go of them";
    for (const std::string& path : world->disk().Files()) {
      if (path.ends_with(".carry")) file = path;
    }
    ASSERT_FALSE(file.empty());
  }
  const CollectionParts& Quiet() {
    quiet_ = world->store().Pin("prod");
    return *quiet_->Find(world->Collection("prod", "quiet").id);
  }
  void DamageFrames() {
    Bytes bytes = world->disk().Content(file);
    for (std::size_t at = 100; at + 100 < bytes.size(); at += 50) bytes[at] ^= std::byte{1};
    world->disk().SetContent(file, bytes);
  }

 private:
  ManifestPtr quiet_;
};

TEST_F(CarriedTest, WhatNothingHasIsToldExactly) {
  DamageFrames();
  for (int start = 0; start < 2; ++start) {
    world->Crash(std::nullopt);
    ASSERT_TRUE(world->Boot());
    ASSERT_EQ(Quiet().lost.size(), 1U) << "start " << start;
    EXPECT_EQ(Quiet().lost[0].rows, 3U);
    EXPECT_EQ(Quiet().lost[0].positions, (wal::PositionRange{first, last}));
  }
  ASSERT_TRUE(world->store().SealPass());
  EXPECT_TRUE(world->disk().GetStat(world->config.data_dir / Quiet().lost[0].file).has_value());
  for (Position p = first; p <= last; ++p) world->acked.erase(p);
  EXPECT_EQ(world->Check(), "");
}

// The power goes when what the file still had is sealed and the file not yet gone.
TEST_F(CarriedTest, ALossIsToldOnce) {
  Bytes bytes = world->disk().Content(file);
  const std::size_t frame = wal::AlignUp(wal::kFrameHeaderBytes + 101, wal::kFrameAlignment);
  for (const std::size_t i : {0U, 2U}) {
    bytes[kCarryHeaderBytes + i * frame + wal::kFrameHeaderBytes + 10] ^= std::byte{1};
  }
  world->disk().SetContent(file, bytes);
  const auto index_path = std::filesystem::path(file).replace_extension(".index");
  const Bytes index = world->disk().Content(index_path);
  for (int start = 0; start < 2; ++start) {
    world->Crash(std::nullopt);
    ASSERT_TRUE(world->Boot());
    ASSERT_EQ(Quiet().lost.size(), 1U) << "start " << start;
    EXPECT_EQ(Quiet().lost[0].positions, (wal::PositionRange{first, last}));
    EXPECT_EQ(Quiet().lost[0].rows, 2U);
    ASSERT_TRUE(world->store().SealPass());
    EXPECT_EQ(world->store().Sealed(Quiet().collection.id), first + 1);
    world->disk().SetContent(file, bytes);
    world->disk().SetContent(index_path, index);
  }
  // What was sealed from the rest is no part of that loss.
  world->LoseEntry(Quiet().parts.at(0)->path);
  world->Crash(std::nullopt);
  ASSERT_TRUE(world->Boot());
  EXPECT_EQ(Quiet().parts.size(), 1U);
}

TEST_F(CarriedTest, ALossThatCannotBeListedEndsTheStart) {
  DamageFrames();
  std::uint64_t refused = 0;
  bool reached = true;
  for (std::uint64_t n = 1; reached; ++n) {
    world->Crash(std::nullopt);
    const std::uint64_t before = world->disk().operations();
    world->disk().FailChangeAt(n, EIO, os::SimulatedDisk::Repeat::kForEver);
    const bool started = world->Boot().has_value();
    reached = !started && world->disk().operations() > before;
    world->disk().ClearFault();
    if (started) {
      ASSERT_EQ(Quiet().lost.size(), 1U) << "change " << n;
    }
    refused += started ? 0 : 1;
  }
  EXPECT_GT(refused, 2U);
  EXPECT_EQ(Quiet().lost[0].rows, 3U);
}

TEST_F(CarriedTest, WithoutAnIndexEveryCollectionIsToldToMissRows) {
  Bytes bytes = world->disk().Content(file);
  for (std::size_t at = kCarryHeaderBytes; at + kCarryHeaderBytes < bytes.size(); ++at) {
    bytes[at] = std::byte{0};
  }
  world->disk().SetContent(file, bytes);
  ASSERT_TRUE(world->disk().Remove(std::filesystem::path(file).replace_extension(".index")));
  world->Crash(std::nullopt);
  ASSERT_TRUE(world->Boot());
  ASSERT_EQ(Quiet().lost.size(), 1U);
  EXPECT_EQ(Quiet().lost[0].rows, 0U) << "nobody knows how many";
  EXPECT_LE(Quiet().lost[0].positions.first, first);
  EXPECT_GE(Quiet().lost[0].positions.last, last);
}

// While the process runs the rows are in memory: damage costs the file, and no row.
TEST_F(CarriedTest, DamageOfARunningProcessLosesNothing) {
  DamageFrames();
  world->store().ReportDamagedCarry("flipped in a test");
  ASSERT_TRUE(world->store().SealPass());
  EXPECT_TRUE(Quiet().lost.empty());
  EXPECT_EQ(Quiet().RowCount(), 3U);
  EXPECT_FALSE(world->disk().GetStat(file));
  world->Crash(1);
  ASSERT_TRUE(world->Boot());
  EXPECT_EQ(world->Check(), "");
}

}  // namespace
}  // namespace strata::store
