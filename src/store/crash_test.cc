// The power goes, or a call fails, at every operation on the disk that a scenario makes. Whatever
// was acknowledged is there afterwards, once.
#include <cerrno>
#include <cstdlib>
#include <functional>

#include <gtest/gtest.h>

#include "base/every_case.h"
#include "store/test_rig.h"

namespace strata::store {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// Small enough that a few requests make parts, merges, carry files and generations.
Config SmallConfig() {
  Config config;
  config.seal.rows = 40;
  config.seal.small_rows = 20;
  config.seal.tiny_rows = 5;
  config.seal.part_rows_max = 60;
  config.carry.segments_max = 1;
  config.merge.target_rows = 1200;
  config.merge.large_rows = 300;
  return config;
}

// A busy collection, two quiet ones and one that comes late. Works on a disk that fails: nobody
// asks whether a step succeeded.
void Live(World& world, int rounds) {
  const model::Collection& busy = world.Collection("prod");
  const model::Collection& quiet = world.Collection("prod", "quiet");
  for (int round = 0; round < rounds && !world.disk().crashed(); ++round) {
    world.Ingest(busy, 25);
    if (round % 3 == 0) world.Ingest(quiet, 1);
    world.Ingest(busy, 30);
    if (round % 4 == 1) world.Ingest(world.Collection("late"), 3);
    static_cast<void>(world.store().SealPass().has_value());
    world.clock.Advance(minutes(6));
    world.store().UpkeepPass();
  }
}

TEST(Crash, ALifeWithoutFaultsUsesEverything) {
  World world(std::make_unique<os::SimulatedDisk>(), SmallConfig());
  ASSERT_TRUE(world.Boot());
  Live(world, 24);
  EXPECT_EQ(world.Check(), "");
  EXPECT_GT(world.store().ReplayFrom(), 0U) << "no carry file was written";
  EXPECT_GT(world.log().oldest(), 40U) << "segments were not released";
  const auto figures = world.store().Figures();
  EXPECT_LT(figures.collections[0].parts, 12U) << "parts were not merged";
  world.Crash(std::nullopt);
  ASSERT_TRUE(world.Boot());
  EXPECT_EQ(world.Check(), "");
}

// One life that is cut at operation `at`, and what the next one finds and does.
std::string LiveAndDie(std::uint64_t at, std::uint64_t seed, os::SimulatedDisk::Options options,
                       bool* reached) {
  World world(std::make_unique<os::SimulatedDisk>(options), SmallConfig());
  if (!world.Boot()) return "cannot boot";
  world.disk().CrashAt(at);
  Live(world, 24);
  *reached = world.disk().crashed();
  world.Crash(seed);
  if (const Status booted = world.Boot(); !booted) return booted.error().message;
  if (std::string wrong = world.Check(); !wrong.empty()) return wrong;
  Live(world, 4);
  if (std::string wrong = world.Check(); !wrong.empty()) return "later: " + wrong;
  world.Crash(seed + 1);
  if (const Status booted = world.Boot(); !booted) return booted.error().message;
  return world.Check();
}

TEST(Crash, PowerLossAtEveryOperation) {
  std::uint64_t states = 0;
  bool reached = true;
  for (std::uint64_t at = 1; reached; at += kNextCase) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      ASSERT_EQ(LiveAndDie(at, seed, {.seed = seed}, &reached), "")
          << "operation " << at << ", seed " << seed;
      ++states;
    }
  }
  std::printf("%llu crash states\n", static_cast<unsigned long long>(states));
  EXPECT_GT(states, 1000U / kNextCase);
}

// A process that dies between the write of an edit and its sync leaves it in the page cache. The
// next one reads it and builds on it: from then on no loss of power may take it away.
TEST(Crash, AnEditThatWasReadIsDurable) {
  const auto open = [](os::SimulatedDisk& disk) {
    auto manifest = Manifest::Open("/data", "prod", disk);
    CHECK(manifest.has_value());
    return *std::move(manifest);
  };
  const auto sealed = [](const Manifest& manifest) { return manifest.Pin()->Find(1)->sealed; };
  std::uint64_t cached = 0;
  for (std::uint64_t call = 1; call <= 6; ++call) {
    os::SimulatedDisk disk({.seed = call});
    const auto manifest = open(disk);
    ASSERT_TRUE(manifest->Apply(
        {AddCollection{.collection = 1, .kind = model::Kind::kLogs, .name = "logs"}}));
    disk.CrashAt(call);
    ASSERT_FALSE(manifest->Apply({SetSealed{1, 7}}));
    const auto killed = disk.AfterKill();
    const Position read = sealed(*open(*killed));
    cached += read == 7 ? 1 : 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      EXPECT_EQ(sealed(*open(*killed->AfterPowerLoss(seed))), read) << "call " << call;
    }
  }
  EXPECT_GT(cached, 0U);
}

// The test would notice a disk that lies: some state must be wrong.
TEST(Crash, LyingDiskIsNoticed) {
  for (const bool directories : {false, true}) {
    bool reached = true;
    bool noticed = false;
    for (std::uint64_t at = 100; reached && !noticed; at += 7) {
      os::SimulatedDisk::Options options{.seed = at};
      (directories ? options.ignores_directory_syncs : options.ignores_syncs) = true;
      noticed = !LiveAndDie(at, at, options, &reached).empty();
    }
    EXPECT_TRUE(noticed) << (directories ? "directory syncs" : "syncs");
  }
}

// The n-th operation fails, once or from then on; then the disk is well again.
std::string LiveWithFault(std::uint64_t at, int number, os::SimulatedDisk::Repeat repeat,
                          bool* reached) {
  World world(std::make_unique<os::SimulatedDisk>(), SmallConfig());
  if (!world.Boot()) return "cannot boot";
  const std::uint64_t before = world.disk().operations();
  world.disk().FailAt(at, number, repeat);
  Live(world, 12);
  *reached = world.disk().operations() - before >= at;
  world.disk().ClearFault();
  if (std::string wrong = world.Check(/*tidy=*/false); !wrong.empty()) {
    return "while it fails: " + wrong;
  }
  world.clock.Advance(minutes(10));
  if (const Status pass = world.store().SealPass(); !pass) {
    return "does not recover: " + pass.error().message;
  }
  if (!world.store().ailment().empty()) return "still ailing: " + world.store().ailment();
  Live(world, 6);
  if (std::string wrong = world.Check(/*tidy=*/false); !wrong.empty())
    return "afterwards: " + wrong;
  world.Crash(at);
  if (const Status booted = world.Boot(); !booted) return booted.error().message;
  return world.Check();
}

TEST(Crash, EveryOperationFails) {
  using Repeat = os::SimulatedDisk::Repeat;
  std::uint64_t points = 0;
  for (const int number : {EIO, ENOSPC}) {
    for (const Repeat repeat : {Repeat::kOnce, Repeat::kForEver}) {
      bool reached = true;
      for (std::uint64_t at = 1; reached; at += kNextCase) {
        ASSERT_EQ(LiveWithFault(at, number, repeat, &reached), "")
            << "operation " << at << ", errno " << number << ", "
            << (repeat == Repeat::kOnce ? "once" : "for ever");
        ++points;
      }
    }
  }
  std::printf("%llu failed operations\n", static_cast<unsigned long long>(points));
}

}  // namespace
}  // namespace strata::store
