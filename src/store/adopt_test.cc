// Parts that only a damaged entry of the manifest listed, and parts that come back: what is whole
// is served, what is not is asked of memory and log, and no file is thrown away.
#include "store/adopt.h"

#include <cerrno>

#include <gtest/gtest.h>

#include "os/quarantine.h"
#include "store/test_repair.h"

namespace strata::store {
namespace {

struct AdoptTest : RepairTest {
  AdoptTest() { hot_config.memory_bytes = 1; }  // whatever is sealed is evicted

  void Begin(std::size_t parts = 4) {
    RepairTest::Begin();
    Fill(parts);
  }
  std::filesystem::path Full(const std::string& path) { return world->config.data_dir / path; }
  // Its lowest position is another one then.
  void Damage(const std::string& path) {
    Bytes bytes = world->disk().Content(Full(path));
    bytes[0] ^= std::byte{0x40};
    world->disk().SetContent(Full(path), bytes);
  }
  void Restart() {
    world->Crash(std::nullopt);
    const Status started = world->Boot();
    ASSERT_TRUE(started) << started.error().message;
  }
  void WriteOff(const wal::PositionRange& positions) {
    for (Position p = positions.first; p <= positions.last; ++p) world->acked.erase(p);
  }
  // The second part is lost, and its file, whole, is in quarantine.
  void LoseSecondPart() {
    segment_frames = 1;
    Begin();
    const std::string path = PathOf(1);
    const Bytes good = world->disk().Content(Full(path));
    Damage(path);
    world->store().ReportDamaged(Full(path).native());
    world->store().UpkeepPass();
    ASSERT_EQ(Parts().lost.size(), 1U);
    WriteOff(Parts().lost[0].positions);
    world->disk().SetContent(Full(path), good);
  }
};

// One call that fails must not make a part of the only copy of its rows a file in quarantine.
TEST_F(AdoptTest, ACallThatFailsTakesNoPartAway) {
  segment_frames = 1;  // the log keeps nothing
  std::uint64_t refused = 0;
  for (const int number : {EIO, EMFILE, ENOSPC}) {
    bool reached = true;
    for (std::uint64_t n = 1; reached; ++n) {
      Begin();
      world->LoseEntry(PathOf(1));
      world->Crash(std::nullopt);
      const std::uint64_t before = world->disk().operations();
      world->disk().FailAt(n, number, os::SimulatedDisk::Repeat::kOnce);
      const bool started = world->Boot().has_value();
      reached = world->disk().operations() - before >= n;
      world->disk().ClearFault();
      if (!started) {
        ++refused;
        Restart();
      }
      ASSERT_TRUE(Parts().lost.empty()) << "call " << n << ", errno " << number;
      ASSERT_EQ(Parts().parts.size(), 4U) << "call " << n << ", errno " << number;
      ASSERT_EQ(world->Check(), "") << "call " << n << ", errno " << number;
    }
  }
  EXPECT_GT(refused, 20U);
}

// The parts behind it are listed, and what is sealed reaches beyond it: its rows come from the log.
TEST_F(AdoptTest, WhatDoesNotDecodeIsTakenFromTheLog) {
  Begin();
  const std::string damaged = PathOf(2);
  world->LoseEntry(damaged);
  world->LoseEntry(PathOf(3));
  Damage(damaged);
  Restart();
  EXPECT_EQ(world->store().report().adopted.damaged, std::vector<std::string>{damaged});
  world->store().UpkeepPass();
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_TRUE(IsThere(os::QuarantinePath(damaged)));
  EXPECT_EQ(world->Check(), "");
  Restart();
  EXPECT_EQ(world->Check(), "");
}

TEST_F(AdoptTest, WhatDoesNotDecodeAndNothingHasIsToldAsLost) {
  segment_frames = 1;
  Begin();
  const PartPtr damaged = Parts().parts[2];
  world->LoseEntry(damaged->path);
  world->LoseEntry(PathOf(3));
  Damage(damaged->path);
  Restart();
  const wal::PositionRange positions{damaged->min_position(), damaged->max_position()};
  const auto id = world->Collection("prod").id;
  const Split split =
      world->store().SplitAt(*world->store().Pin("prod"), id, world->hot().Floor(id));
  ASSERT_EQ(split.missing.size(), 1U) << "answers say so before it is judged";
  world->store().UpkeepPass();
  ASSERT_EQ(Parts().lost.size(), 1U);
  EXPECT_EQ(Parts().lost[0].positions, positions);
  EXPECT_EQ(Parts().lost[0].rows, 0U) << "nobody knows how many";
  EXPECT_EQ(Parts().lost[0].file, os::QuarantinePath(damaged->path));
  WriteOff(positions);
  EXPECT_EQ(world->Check(), "");
}

// It is not known to be the part that was lost: that one had another name.
TEST_F(AdoptTest, APartThatWasLostAndIsBackUnderAnotherNameIsKept) {
  LoseSecondPart();
  const std::string path = Parts().lost[0].part->path;
  const std::string other = path.substr(0, path.size() - kPartSuffix.size()) + ".g7.parquet";
  ASSERT_TRUE(world->disk().Rename(Full(path), Full(other)));
  Restart();
  ASSERT_EQ(world->store().report().adopted.set_aside.size(), 1U);
  EXPECT_TRUE(IsThere(world->store().report().adopted.set_aside[0]));
  EXPECT_EQ(Parts().lost.size(), 1U);
  EXPECT_EQ(world->Check(), "");
}

// Whether the manifest has damage elsewhere makes no difference: what is told as lost is not
// listed again because it decodes.
TEST_F(AdoptTest, APartThatIsToldAsLostIsNotListedAgain) {
  LoseSecondPart();
  Damage(Parts().lost[0].part->path);
  world->LoseEntry(Parts().parts.back()->path);
  Restart();
  world->store().UpkeepPass();
  EXPECT_EQ(world->store().report().adopted.adopted, 1U);
  EXPECT_EQ(Parts().parts.size(), 3U);
  EXPECT_EQ(Parts().lost.size(), 1U);
  EXPECT_EQ(world->Check(/*tidy=*/false), "");
}

// A reader may have held the file when the process ended.
TEST_F(AdoptTest, APartThatRetentionDroppedIsNotListedAgain) {
  config.retention.by_kind[static_cast<std::size_t>(model::Kind::kLogs)] = std::chrono::hours(24);
  Begin(2);
  const PartPtr old = Parts().parts[0];
  const Bytes content = world->disk().Content(Full(old->path));
  const wal::PositionRange dropped{old->min_position(), Parts().parts[1]->max_position()};
  world->clock.Advance(std::chrono::hours(25));
  world->store().UpkeepPass();
  ASSERT_TRUE(Parts().parts.empty());
  WriteOff(dropped);
  for (int i = 0; i < 3; ++i) world->Ingest(world->Collection("prod"), 10);
  ASSERT_TRUE(world->store().SealPass());
  ASSERT_TRUE(world->disk().CreateDirectories(Full(old->path).parent_path()));
  world->disk().SetContent(Full(old->path), content);
  world->LoseEntry(PathOf(0));
  Restart();
  EXPECT_EQ(world->store().report().adopted.adopted, 1U);
  EXPECT_EQ(Parts().parts.size(), 1U);
  EXPECT_EQ(world->Check(), "");
}

TEST_F(AdoptTest, ADiskThatIsNotMountedLosesNothing) {
  segment_frames = 1;
  Begin();
  std::map<std::string, Bytes> files;
  for (const std::string& path : world->disk().Files()) {
    if (path.find("/parts/") != std::string::npos) files[path] = world->disk().Content(path);
  }
  for (const auto& [path, content] : files) ASSERT_TRUE(world->disk().Remove(path));
  // Gone while the process runs, ...
  world->store().ReportDamaged(Full(PathOf(0)).native());
  world->store().UpkeepPass();
  EXPECT_TRUE(Parts().lost.empty());
  // ... and at a start.
  world->Crash(std::nullopt);
  const Status started = world->Boot();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("mount"), std::string::npos) << started.error().message;
  for (const auto& [path, content] : files) world->disk().SetContent(path, content);
  Restart();
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_EQ(world->Check(), "");
}

}  // namespace
}  // namespace strata::store
