// The scrub: everything is read once in its time, damage is found whatever file it hits, and a
// restart goes on where the process before it ended.
#include "store/scrub.h"

#include <functional>

#include <gtest/gtest.h>

#include "os/quarantine.h"
#include "store/test_rig.h"
#include "store/verify.h"

namespace strata::store {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::string Hex(ByteSpan bytes) {
  std::string hex;
  for (const std::byte b : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(b));
    hex += digits;
  }
  return hex;
}

TEST(ScrubProgress, HexOfTheDocs) {
  const ScrubProgress progress{
      .round = 2,
      .place = {.stage = ScrubStage::kParts, .name = "prod", .collection = 7, .position = 42},
      .elapsed_ns = 5,
      .bytes = 6,
      .files = 7,
      .damaged = 1,
      .began_ns = 8,
      .completed_ns = 9};
  const Bytes bytes = EncodeScrubProgress(progress);
  EXPECT_EQ(Hex(bytes),
            "53545241544153420100000024f763030200000000000000030400000070726f"
            "64070000002a0000000000000005000000000000000600000000000000070000"
            "0000000000010000000000000008000000000000000900000000000000");
  EXPECT_EQ(*DecodeScrubProgress(bytes), progress);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes bad = bytes;
    bad[i] ^= std::byte{0x40};
    EXPECT_FALSE(DecodeScrubProgress(bad)) << "byte " << i;
    EXPECT_FALSE(DecodeScrubProgress(ByteSpan(bytes).first(i))) << i << " bytes";
  }
}

struct ScrubTest : testing::Test {
  Config config;
  hot::Config hot_config;
  std::unique_ptr<World> world;

  void SetUp() override {
    config.seal.rows = 10;
    config.merge.enabled = false;
    config.scrub.interval = hours(24 * 7);
    config.scrub.bytes_per_second = 1ULL << 40;
    world = std::make_unique<World>(std::make_unique<os::SimulatedDisk>(), config, hot_config,
                                    /*segment_frames=*/1000);
    ASSERT_TRUE(world->Boot());
    for (int part = 0; part < 4; ++part) {
      world->Ingest(world->Collection(part % 2 == 0 ? "prod" : "dev"), 20);
      ASSERT_TRUE(world->store().SealPass());
    }
  }
  ScrubFigures Figures() { return world->store().Figures().scrub; }
  // Steps until the round has ended; returns how long that took on the clock.
  Duration FinishRound() {
    const std::uint64_t round = Figures().progress.round;
    const MonotonicTime began = world->clock.Monotonic();
    while (Figures().progress.round == round &&
           Figures().progress.place.stage != ScrubStage::kEnd) {
      world->clock.Advance(world->store().ScrubStep());
    }
    return world->clock.Monotonic() - began;
  }
  std::vector<std::string> FilesEndingWith(std::string_view suffix) {
    std::vector<std::string> found;
    for (const std::string& path : world->disk().Files()) {
      if (path.ends_with(suffix) && path.find("quarantine") == std::string::npos) {
        found.push_back(path);
      }
    }
    return found;
  }
  void Flip(const std::string& path, std::size_t at) {
    Bytes bytes = world->disk().Content(path);
    bytes.at(at) ^= std::byte{1};
    world->disk().SetContent(path, bytes);
  }
  std::uint64_t DamageFound() {
    const auto found = VerifyStore(world->config.data_dir, world->disk(), {});
    CHECK(found.has_value());
    return found->damage.size();
  }
};

TEST_F(ScrubTest, ARoundReadsEverythingOnceSpreadOverItsTime) {
  const Duration took = FinishRound();
  const ScrubFigures figures = Figures();
  EXPECT_EQ(figures.progress.damaged, 0U);
  // Four parts and their filters, two manifests, the segment of the log.
  EXPECT_EQ(figures.progress.files, 4U * 2 + 2 + 1);
  EXPECT_GT(took, config.scrub.interval / 4);
  EXPECT_LE(took, config.scrub.interval);
  // The next one begins when the week is over.
  MonotonicTime began = world->clock.Monotonic();
  while (Figures().progress.round == 1) world->clock.Advance(world->store().ScrubStep());
  EXPECT_GE(took + (world->clock.Monotonic() - began), config.scrub.interval);
  EXPECT_LE(took + (world->clock.Monotonic() - began), config.scrub.interval + minutes(2));
}

TEST_F(ScrubTest, ADamagedPartIsFoundAndJudged) {
  const std::string path = FilesEndingWith(".parquet").at(2);
  Flip(path, world->disk().Content(path).size() - 1);
  EXPECT_EQ(DamageFound(), 1U);
  FinishRound();
  EXPECT_EQ(Figures().progress.damaged, 1U);
  EXPECT_EQ(world->store().Figures().suspect_parts.size(), 1U);
  world->store().UpkeepPass();
  EXPECT_EQ(world->Check(), "");
  EXPECT_EQ(DamageFound(), 0U);
}

TEST_F(ScrubTest, ADamagedFilterIsDroppedAndNoRowWithIt) {
  const std::string path = FilesEndingWith(".filter").at(1);
  Flip(path, 1);
  EXPECT_EQ(DamageFound(), 1U);
  FinishRound();
  world->store().UpkeepPass();
  EXPECT_FALSE(world->disk().GetStat(path));
  EXPECT_EQ(world->Check(), "");
  EXPECT_EQ(DamageFound(), 0U);
  world->Crash(1);
  ASSERT_TRUE(world->Boot());
  EXPECT_EQ(world->Check(), "");
}

TEST_F(ScrubTest, ADamagedManifestIsWrittenAgain) {
  const std::string path = FilesEndingWith(".mirror").at(0);
  Flip(path, 40);
  EXPECT_EQ(DamageFound(), 1U);
  FinishRound();
  EXPECT_EQ(Figures().progress.damaged, 1U);
  EXPECT_EQ(DamageFound(), 0U);
  EXPECT_EQ(world->Check(), "");
}

// Every byte of every file: found by the same code that a user runs.
TEST_F(ScrubTest, VerifyFindsEveryFlippedByteOfParts) {
  EXPECT_EQ(DamageFound(), 0U);
  std::uint64_t flips = 0;
  for (const char* suffix : {".parquet", ".filter"}) {
    for (const std::string& path : FilesEndingWith(suffix)) {
      const Bytes good = world->disk().Content(path);
      for (std::size_t i = 0; i < good.size(); ++i, ++flips) {
        Flip(path, i);
        ASSERT_EQ(DamageFound(), 1U) << path << ", byte " << i;
        world->disk().SetContent(path, good);
      }
      Bytes longer = good;
      longer.push_back(std::byte{0});
      world->disk().SetContent(path, longer);
      EXPECT_EQ(DamageFound(), 1U) << path << ", a byte more";
      ASSERT_TRUE(world->disk().Remove(path));
      EXPECT_EQ(DamageFound(), 1U) << path << " is gone";
      world->disk().SetContent(path, good);
    }
  }
  EXPECT_GT(flips, 50U);
}

TEST_F(ScrubTest, VerifyTellsWhatIsAtStake) {
  const std::string path = FilesEndingWith(".parquet").at(0);
  Flip(path, 3);
  const auto found = VerifyStore(world->config.data_dir, world->disk(), {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->parts, 4U);
  EXPECT_EQ(found->rows, 80U);
  EXPECT_EQ(found->manifests, 2U);
  ASSERT_EQ(found->damage.size(), 1U);
  const FoundDamage& damage = found->damage[0];
  EXPECT_EQ(world->config.data_dir / damage.path, path);
  EXPECT_EQ(damage.namespace_name, "dev");
  EXPECT_EQ(damage.collection, "logs");
  EXPECT_EQ(damage.rows, 20U);
  EXPECT_EQ(damage.positions.count(), 1U);
}

TEST_F(ScrubTest, ARestartGoesOnWhereTheProcessBeforeEnded) {
  world->log().Forget(1000);
  while (Figures().progress.place.stage != ScrubStage::kParts) {
    world->clock.Advance(world->store().ScrubStep());
  }
  world->clock.Advance(minutes(2));  // it writes down how far it is once a minute
  world->store().ScrubStep();
  const ScrubProgress before = Figures().progress;
  world->Crash(3);
  ASSERT_TRUE(world->Boot());
  const ScrubProgress after = Figures().progress;
  EXPECT_EQ(after.place, before.place);
  EXPECT_EQ(after.bytes, before.bytes);
  EXPECT_EQ(after.round, before.round);
  FinishRound();
  EXPECT_EQ(Figures().progress.files, 4U * 2 + 2) << "nothing twice, nothing left out";
}

TEST_F(ScrubTest, ADamagedStateBeginsTheRoundAnew) {
  FinishRound();
  Flip("data/scrub.state", 20);
  world->Crash(std::nullopt);
  ASSERT_TRUE(world->Boot());
  EXPECT_EQ(Figures().progress.place, ScrubPlace());
  FinishRound();
  EXPECT_EQ(Figures().progress.files, 4U * 2 + 2 + 1);
}

TEST_F(ScrubTest, ItGivesWayUntilItFallsBehind) {
  bool busy = true;
  world->Crash(std::nullopt);
  world->before_start = [&] { world->store().GiveWayTo([&] { return busy; }); };
  ASSERT_TRUE(world->Boot());
  for (int i = 0; i < 100; ++i) {
    EXPECT_GT(world->store().ScrubStep(), Duration::zero());
    EXPECT_TRUE(Figures().is_paused);
  }
  EXPECT_EQ(Figures().progress.files, 0U);
  world->clock.Advance(config.scrub.interval / 8);
  world->store().ScrubStep();
  EXPECT_FALSE(Figures().is_paused) << "it is behind: everything is read in its time, busy or not";
  EXPECT_GT(Figures().progress.files, 0U);
}

// A scrub of one source, 40,000 bytes in pieces of 100, and with a sleep of the test's.
struct ScrubAlone : testing::Test {
  ScrubAlone() {
    config.data_dir = "d";
    config.scrub = {.interval = seconds(1), .bytes_per_second = 100};
    CHECK(disk.CreateDirectories("d").has_value());
    auto opened = Manifests::Open("d", collections, disk);
    CHECK(opened.has_value());
    manifests = *std::move(opened);
  }
  // Bytes that were read when the scrub has done all it would.
  std::uint64_t Run(const std::function<bool(Duration)>& wait) {
    const Live<Config> live{config};
    const Workplace at{live, disk, clock, collections, *manifests, writer, metrics};
    Repair repair(at);
    Scrub scrub(at, repair, {.busy = {}, .suspected = {}, .carry_damaged = {}, .wait = wait});
    std::uint64_t bytes = 0;
    scrub.Add({.name = "source",
               .bytes = [] { return std::uint64_t{40'000}; },
               .read = [&](const Pace& pace) -> Result<ScrubbedSource> {
                 while (bytes < 40'000 && pace(100)) bytes += 100;
                 return ScrubbedSource{.bytes = bytes, .files = 1};
               }});
    scrub.Step();
    finished = scrub.Figures().progress.files == 1;
    return bytes;
  }
  Config config;
  os::SimulatedDisk disk;
  ManualClock clock;
  model::CollectionTable collections;
  model::Registry registry;
  Metrics metrics = Metrics::Register(registry);
  FakePartWriter writer{disk};
  std::unique_ptr<Manifests> manifests;
  bool finished = false;
};

TEST_F(ScrubAlone, ItNeverReadsFasterThanItsRate) {
  Duration waited{};
  EXPECT_EQ(Run([&](Duration duration) {
              waited += duration;
              clock.Advance(duration);
              return true;
            }),
            40'000U);
  EXPECT_TRUE(finished);
  EXPECT_GE(waited, seconds(399)) << "100 bytes a second";
}

TEST_F(ScrubAlone, AStopEndsTheReadingAndItIsNotTakenForDone) {
  int pieces = 0;
  EXPECT_LT(Run([&](Duration) { return ++pieces < 3; }), 1000U);
  EXPECT_EQ(pieces, 3);
  EXPECT_FALSE(finished);
}

// A jump of the wall clock is nothing to the scrub.
TEST_F(ScrubTest, TheWallClockDoesNotHurryIt) {
  world->log().Forget(1000);
  while (Figures().progress.place.stage != ScrubStage::kParts) {
    world->clock.Advance(world->store().ScrubStep());
  }
  const ScrubProgress before = Figures().progress;
  for (const Duration jump : {Duration(hours(24 * 3650)), Duration(-hours(24 * 7300))}) {
    world->clock.JumpWall(jump);
    EXPECT_GT(world->store().ScrubStep(), Duration::zero());
    EXPECT_EQ(Figures().progress.place, before.place);
    EXPECT_EQ(Figures().progress.elapsed_ns, before.elapsed_ns);
  }
}

}  // namespace
}  // namespace strata::store
