// Parts that were told as lost and whose file is brought back: what has the bytes that the manifest
// knows is served again, once, and nothing else is.
#include "store/restore.h"

#include <gtest/gtest.h>

#include "os/quarantine.h"
#include "store/test_repair.h"

namespace strata::store {
namespace {

struct RestoreTest : RepairTest {
  PartPtr part;  // that is lost
  Bytes good;
  Bytes good_filter;

  // The second of `parts` is damaged; the log has its rows above `forgotten` positions of it.
  void Lose(std::size_t parts = 3, Position forgotten = 3) {
    hot_config.memory_bytes = 1;  // whatever is sealed is evicted
    Begin();
    Fill(parts);
    part = Parts().parts[1];
    good = Content(part->path);
    good_filter = Content(FilterPath(part->path));
    world->log().Forget(part->min_position() + forgotten - 1);
    Damage(part->path);
    Report(part->path);
    world->store().UpkeepPass();
    ASSERT_EQ(Parts().lost.size(), 1U);
    ASSERT_EQ(Parts().lost[0].rows, 10 * forgotten);
  }
  std::filesystem::path Full(const std::string& path) { return world->config.data_dir / path; }
  Bytes Content(const std::string& path) { return world->disk().Content(Full(path)); }
  void BringBack(const Bytes& bytes) {
    world->disk().SetContent(Full(part->path), bytes);
    world->disk().SetContent(Full(FilterPath(part->path)), good_filter);
  }
  void Look() {
    world->clock.Advance(world->config.retention.check_interval);
    world->store().UpkeepPass();
    world->store().UpkeepPass();  // sweeps what is listed no more
  }
  void Restart() {
    world->Crash(1);
    ASSERT_TRUE(world->Boot());
  }
};

TEST_F(RestoreTest, ItIsServedAgainWhileTheProcessRuns) {
  Lose();
  Look();
  ASSERT_EQ(Parts().lost.size(), 1U) << "it is not there yet";
  BringBack(Bytes(good.begin(), good.begin() + 16));
  Look();
  ASSERT_EQ(Parts().lost.size(), 1U) << "it is on its way";
  BringBack(good);
  Look();
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_EQ(*Parts().parts[1], *part);
  EXPECT_TRUE(SplitNow().missing.empty());
  EXPECT_EQ(world->Check(), "");
  Restart();
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_EQ(world->Check(), "");
}

TEST_F(RestoreTest, ItIsServedAgainAfterARestart) {
  Lose();
  world->Crash(std::nullopt);
  BringBack(good);
  ASSERT_TRUE(world->Boot());
  EXPECT_TRUE(world->store().report().adopted.set_aside.empty());
  world->store().UpkeepPass();
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_EQ(world->Check(), "");
}

TEST_F(RestoreTest, ItTakesThePlaceOfWhatWasWrittenAgainOfIt) {
  Lose(/*parts=*/3, /*forgotten=*/1);
  ASSERT_EQ(Parts().parts.size(), 3U);
  BringBack(good);
  Look();
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_EQ(Parts().parts.size(), 3U);
  EXPECT_EQ(PathOf(1), part->path);
  world->store().UpkeepPass();  // nobody holds the manifest before any more
  EXPECT_EQ(world->Check(), "");
}

TEST_F(RestoreTest, AnotherContentIsNotServed) {
  Lose();
  Bytes bad = good;
  bad[8] ^= std::byte{1};
  BringBack(bad);
  for (int start = 0; start < 2; ++start) {
    Look();
    ASSERT_EQ(Parts().lost.size(), 1U);
    EXPECT_EQ(Parts().parts.size(), 2U);
    EXPECT_EQ(Content(part->path), bad) << "it is left alone";
    Restart();
  }
  BringBack(good);
  Look();
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_EQ(world->Check(), "");
}

TEST_F(RestoreTest, WithoutItsFilterItIsServedAllTheSame) {
  Lose();
  world->disk().SetContent(Full(part->path), good);
  Look();
  EXPECT_TRUE(Parts().lost.empty());
  EXPECT_EQ(Parts().parts[1]->info->filter_bytes, 0U);
  EXPECT_EQ(world->Check(), "");
}

TEST_F(RestoreTest, MergesLeaveRoomForIt) {
  Lose(/*parts=*/9, /*forgotten=*/1);
  world->config.merge.enabled = true;
  world->config.merge.target_rows = 1000;
  world->config.merge.check_interval = Duration(1);
  world->store().Configure(world->config);
  for (int i = 0; i < 5; ++i) Look();
  EXPECT_EQ(Parts().parts.size(), 3U) << "before it, of it, and behind it";
  EXPECT_EQ(Parts().lost.size(), 1U);
  BringBack(good);
  Look();
  EXPECT_TRUE(Parts().lost.empty());
  for (int i = 0; i < 5; ++i) Look();
  EXPECT_EQ(world->Check(), "");
}

TEST_F(RestoreTest, PowerLossAtEveryOperation) {
  bool crashed = true;
  for (std::uint64_t at = 1; crashed; ++at) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      Lose(/*parts=*/3, /*forgotten=*/1);
      BringBack(good);
      world->disk().CrashAt(at);
      Look();
      crashed = world->disk().crashed();
      world->Crash(seed);
      ASSERT_TRUE(world->Boot()) << at;
      Look();
      ASSERT_TRUE(Parts().lost.empty()) << "operation " << at << ", seed " << seed;
      ASSERT_EQ(world->Check(), "") << "operation " << at << ", seed " << seed;
    }
  }
}

}  // namespace
}  // namespace strata::store
