// Parts whose bytes the disk refuses to read: nothing is lost by an accident, and what is lost for
// good is told as damage is.
#include <cerrno>

#include <gtest/gtest.h>

#include "os/quarantine.h"
#include "store/test_repair.h"
#include "store/verify.h"

namespace strata::store {
namespace {

// A sector of the second of three parts cannot be read any more, and its bytes are fine.
struct UnreadableTest : RepairTest {
  PartPtr part;

  void BeginWorn() {
    Begin();
    Fill();
    part = Parts().parts[1];
    Wear(part->path);
    ReportUnreadable(part->path);
  }
  bool ReportUnreadable(const std::string& path) {
    return world->store().ReportUnreadable((world->config.data_dir / path).native());
  }
  void Wear(const std::string& path) { world->disk().Wear(world->config.data_dir / path, 20); }
  void Heal(const std::string& path) {
    const auto full = world->config.data_dir / path;
    world->disk().SetContent(full, world->disk().Content(full));
  }
  void JudgeAgain(int times) {
    for (int i = 0; i < times; ++i) {
      world->clock.Advance(std::chrono::minutes(1));
      world->store().UpkeepPass();
    }
  }
};

TEST_F(UnreadableTest, WhatNothingHasIsToldExactlyWhenTheDiskRefusesForGood) {
  hot_config.memory_bytes = 1;  // whatever is sealed is evicted
  segment_frames = 1;           // the log keeps nothing
  BeginWorn();
  JudgeAgain(9);
  EXPECT_TRUE(Parts().lost.empty()) << "the disk may come back";
  EXPECT_TRUE(IsThere(part->path));
  ASSERT_EQ(SplitNow().missing.size(), 1U) << "answers say so meanwhile";
  EXPECT_EQ(SplitNow().parts.size(), 2U);
  JudgeAgain(1);
  ASSERT_EQ(Parts().lost.size(), 1U);
  EXPECT_EQ(Parts().lost[0].positions,
            (wal::PositionRange{part->min_position(), part->max_position()}));
  EXPECT_EQ(Parts().lost[0].file, os::QuarantinePath(part->path));
  EXPECT_NE(Parts().lost[0].reason.find("Input/output error"), std::string::npos);
  EXPECT_TRUE(IsThere(Parts().lost[0].file));
  EXPECT_EQ(WriteOffLost(), "");
  EXPECT_EQ(world->Check(), "");
}

TEST_F(UnreadableTest, ThatRecoversItIsServedAgainAndNothingIsLeft) {
  hot_config.memory_bytes = 1;
  segment_frames = 4;  // some of its rows are in the log, and are written again
  BeginWorn();
  JudgeAgain(9);
  Heal(part->path);
  JudgeAgain(1);
  EXPECT_TRUE(SplitNow().missing.empty());
  EXPECT_EQ(world->Check(), "");
  // What was then does not count any more.
  Wear(part->path);
  EXPECT_TRUE(ReportUnreadable(part->path));
  JudgeAgain(9);
  EXPECT_TRUE(Parts().lost.empty());
}

TEST_F(UnreadableTest, RowsThatAreInTheLogAreWrittenAgainAtOnce) {
  hot_config.memory_bytes = 1;
  BeginWorn();
  JudgeAgain(1);
  EXPECT_TRUE(IsThere(os::QuarantinePath(part->path)));
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_EQ(world->Check(), "");
}

TEST_F(UnreadableTest, ADiskThatReadsNothingLosesNothing) {
  hot_config.memory_bytes = 1;
  segment_frames = 1;
  BeginWorn();
  Wear(PathOf(0));
  Wear(PathOf(2));
  JudgeAgain(30);
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_FALSE(ReportUnreadable(PathOf(0))) << "statements fail; answers do not miss everything";
  for (const PartPtr& each : Parts().parts) Heal(each->path);
  JudgeAgain(1);
  EXPECT_EQ(world->Check(), "");
}

TEST_F(UnreadableTest, ACallThatFailsOnceLosesNothing) {
  hot_config.memory_bytes = 1;
  segment_frames = 1;
  for (const int number : {EIO, EMFILE, ENOMEM}) {
    bool reached = true;
    for (std::uint64_t n = 1; reached; ++n) {
      Begin();
      Fill();
      Report(PathOf(1));
      const std::uint64_t before = world->disk().operations();
      world->disk().FailAt(n, number, os::SimulatedDisk::Repeat::kOnce);
      world->store().UpkeepPass();
      reached = world->disk().operations() - before >= n;
      world->disk().ClearFault();
      JudgeAgain(1);
      ASSERT_TRUE(Parts().lost.empty()) << "call " << n << ", errno " << number;
      ASSERT_EQ(world->Check(), "") << "call " << n << ", errno " << number;
    }
  }
}

// What keeps us from trying is no refusal of the disk.
TEST_F(UnreadableTest, AShortageThatLastsLosesNothing) {
  hot_config.memory_bytes = 1;
  segment_frames = 1;
  Begin();
  Fill();
  Report(PathOf(1));
  world->disk().FailAt(1, EMFILE, os::SimulatedDisk::Repeat::kForEver);
  JudgeAgain(30);
  world->disk().ClearFault();
  JudgeAgain(1);
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_EQ(world->Check(), "");
}

TEST_F(UnreadableTest, MergingGoesOnWithTheOtherParts) {
  hot_config.memory_bytes = 1;
  segment_frames = 1;
  Begin();
  Fill(8);
  part = Parts().parts[1];
  Wear(part->path);
  world->config.merge.enabled = true;
  world->config.merge.target_rows = 1000;
  world->config.merge.check_interval = Duration(1);
  world->store().Configure(world->config);
  JudgeAgain(9);
  EXPECT_EQ(world->store().Figures().suspect_parts, std::vector<std::string>{part->path})
      << "the merge has met it";
  EXPECT_EQ(Parts().parts.size(), 3U) << "the six behind it are one";
  JudgeAgain(10);
  EXPECT_EQ(WriteOffLost(), "");
  EXPECT_EQ(world->Check(), "");
}

TEST_F(UnreadableTest, AFileThatCannotEvenBeLookedAtKeepsNoStoreFromOpening) {
  Begin();
  Fill();
  part = Parts().parts[1];
  world->Crash(std::nullopt);
  world->disk().Wear(world->config.data_dir / part->path, os::SimulatedDisk::kInode);
  ASSERT_TRUE(world->Boot());
  ASSERT_EQ(SplitNow().missing.size(), 1U);
  world->disk().SetContent(world->config.data_dir / part->path,
                           world->disk().Content(world->config.data_dir / part->path));
  JudgeAgain(1);
  EXPECT_EQ(world->Check(), "");
}

TEST_F(UnreadableTest, TheScrubHasItJudgedAndVerifyTells) {
  hot_config.memory_bytes = 1;
  segment_frames = 1;
  config.scrub.interval = std::chrono::minutes(10);
  Begin();
  Fill();
  part = Parts().parts[1];
  Wear(part->path);
  for (int i = 0; i < 1000 && world->store().Figures().suspect_parts.empty(); ++i) {
    world->clock.Advance(world->store().ScrubStep());
  }
  EXPECT_EQ(world->store().Figures().suspect_parts, std::vector<std::string>{part->path});
  const auto told = VerifyStore(world->config.data_dir, world->disk(), {});
  ASSERT_TRUE(told);
  ASSERT_EQ(told->damage.size(), 1U);
  EXPECT_EQ(told->damage[0].path, part->path);
  EXPECT_EQ(told->damage[0].rows, 30U);
}

}  // namespace
}  // namespace strata::store
