#include "states/stack_scenarios.h"

#include <array>
#include <cerrno>
#include <random>

namespace strata::reliability {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using Repeat = os::SimulatedDisk::Repeat;

// Small enough that a few requests make parts, merges, carry files and generations.
StackConfig Small() {
  StackConfig config;
  config.log = {.segment_bytes = 32_KiB,
                .spare_segments = 1,
                .max_bytes = 2_MiB,
                .frame_bytes_max = 16_KiB,
                .group_bytes_max = 8_KiB,
                .queue_bytes_max = 1_MiB,
                .salt_seed = 7};
  config.store.seal.rows = 40;
  config.store.seal.small_rows = 20;
  config.store.seal.tiny_rows = 5;
  config.store.seal.part_rows_max = 60;
  config.store.carry.segments_max = 1;
  config.store.merge.target_rows = 1200;
  config.store.merge.large_rows = 300;
  config.store.merge.check_interval = store::Duration(1);
  config.pipeline.dedup.window = hours(24);  // senders repeat whatever was sent in a scenario
  return config;
}

// Rows leave memory as soon as they are sealed.
StackConfig LittleMemory() {
  StackConfig config = Small();
  config.hot.memory_bytes = 1;
  return config;
}

StackConfig OneHour() {
  StackConfig config = Small();
  config.store.retention.by_kind.fill(hours(1));
  config.store.retention.check_interval = store::Duration(1);
  return config;
}

void Ingest(StackLives& lives, const std::string& namespace_name, std::uint32_t records,
            std::uint32_t body_bytes = 30) {
  lives.life().SendNew(namespace_name, records, body_bytes);
  lives.life().Drive(1 + static_cast<int>(lives.Random(2)));
}

void Seal(StackLives& lives) {
  if (!lives.Boot().OpenAndStart()) return;
  for (int round = 0; round < 3; ++round) {
    Ingest(lives, "prod", 25);
    Ingest(lives, "prod", 20);
    if (round != 1) Ingest(lives, "other", 45);
    lives.life().Seal();
  }
}

// Quiet namespaces beside a busy one, so that their rows are carried and segments released.
void Carry(StackLives& lives) {
  if (!lives.Boot().OpenAndStart()) return;
  for (int round = 0; round < 4; ++round) {
    Ingest(lives, "quiet", 1);
    if (round % 2 == 0) Ingest(lives, "still", 2);
    for (int i = 0; i < 4; ++i) Ingest(lives, "prod", 15, 400);
    lives.life().SaveDedup();
    lives.life().Seal();
    lives.life().Advance(minutes(6));
  }
}

void Merge(StackLives& lives) {
  if (!lives.Boot().OpenAndStart()) return;
  for (int round = 0; round < 8; ++round) {
    Ingest(lives, "prod", 45);
    lives.life().Seal();
    lives.life().Advance(minutes(1));
    lives.life().Merge();
  }
}

void Evict(StackLives& lives) {
  if (!lives.Boot().OpenAndStart()) return;
  for (int round = 0; round < 4; ++round) {
    Ingest(lives, "prod", 30);
    Ingest(lives, "other", 3);
    Ingest(lives, "prod", 30);
    lives.life().Seal();
    lives.life().Advance(minutes(10));
  }
}

void Retention(StackLives& lives) {
  if (!lives.Boot().OpenAndStart()) return;
  for (int round = 0; round < 5; ++round) {
    Ingest(lives, "prod", 45);
    if (round % 2 == 0) Ingest(lives, "other", 50);
    lives.life().Seal();
    lives.life().Advance(minutes(25));
    lives.life().Merge();
  }
}

// Requests whose segments are gone are still recognised.
void DedupWindow(StackLives& lives) {
  if (!lives.Boot().OpenAndStart()) return;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 3; ++i) Ingest(lives, "prod", 12, 900);
    lives.life().SaveDedup();
    lives.life().Seal();
    lives.life().Send(lives.Random(lives.oracle().size()));
    lives.life().Settle();
  }
}

void Twins(StackLives& lives) {
  if (!lives.Boot().OpenAndStart()) return;
  for (int round = 0; round < 5; ++round) {
    const std::size_t request = lives.life().SendNew("prod", 10, 50);
    lives.life().Send(request);
    lives.life().SendNew(round % 2 == 0 ? "prod" : "other", 5, 50);
    lives.life().Send(request);
    lives.life().Settle();
  }
  lives.life().Seal();
}

void Restart(StackLives& lives) {
  for (int life = 0; life < 3; ++life) {
    if (!lives.Boot().OpenAndStart()) return;
    Ingest(lives, "prod", 45);
    Ingest(lives, "quiet", 2);
    lives.life().Seal();
    Ingest(lives, "prod", 7);
    lives.life().Settle();
    lives.Stop();
  }
}

// Killed between a write and its sync: the next life builds on what it reads, and then the power
// goes.
void KillAndRestart(StackWorld& world) {
  for (int life = 0; life < 6; ++life) {
    if (!world.Boot().OpenAndStart()) return;
    Ingest(world, "prod", 45);
    Ingest(world, "quiet", 1);
    Ingest(world, "prod", 12, 800);
    world.life().SaveDedup();
    world.disk().CrashAt(1 + world.Random(90));
    world.life().Seal();
    world.life().Advance(minutes(6));
    world.life().Merge();
    world.life().SaveDedup();
    world.Kill();
  }
}

// The life after a kill seals nothing of its own: it only lets go of what it believes to be sealed.
void KillThenRelease(StackWorld& world) {
  for (int life = 0; life < 5; ++life) {
    if (!world.Boot().OpenAndStart()) return;
    for (int i = 0; i < 4; ++i) Ingest(world, "prod", 15, 800);
    Ingest(world, "quiet", 1);
    world.life().SaveDedup();
    world.disk().CrashAt(1 + world.Random(60));
    world.life().Seal();
    world.Kill();
    if (!world.Boot().OpenAndStart()) return;
    world.life().SaveDedup();
    world.life().Seal();
    world.life().Merge();
    world.Kill();
  }
}

void PowerLossAndRestart(StackWorld& world) {
  for (int life = 0; life < 5; ++life) {
    if (!world.Boot().OpenAndStart()) return;
    Ingest(world, "prod", 45);
    Ingest(world, "quiet", 1);
    world.disk().CrashAt(1 + world.Random(60));
    world.life().Seal();
    world.life().Merge();
    Ingest(world, "prod", 10);
    world.LosePower();
  }
}

// A collection that is new while others are sealed and merged.
void LateCollection(StackLives& lives) {
  if (!lives.Boot().OpenAndStart()) return;
  for (int round = 0; round < 4; ++round) {
    Ingest(lives, "prod", 50);
    Ingest(lives, "late-" + std::to_string(round), 42);
    lives.life().Seal();
    lives.life().Advance(minutes(6));
  }
}

void FailedSeal(StackWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  for (int round = 0; round < 5; ++round) {
    Ingest(world, "prod", 45);
    Ingest(world, "quiet", 1);
    world.life().Settle();
    world.disk().FailChangeAt(1 + world.Random(20), round % 2 == 0 ? EIO : ENOSPC, Repeat::kOnce);
    world.life().Seal();
    world.disk().ClearFault();
    world.life().Advance(minutes(2));
    world.life().Seal();
    world.life().Merge();
  }
}

void Walk(StackWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  for (int step = 0; step < 24; ++step) {
    switch (world.Random(12)) {
      case 0:
      case 1:
        world.life().Seal();
        break;
      case 2:
        world.life().Merge();
        break;
      case 3:
        world.life().SaveDedup();
        break;
      case 4:
        world.life().Advance(minutes(world.Random(8)));
        break;
      case 5:
        if (world.oracle().size() > 0) world.life().Send(world.Random(world.oracle().size()));
        break;
      case 6:
        if (world.Random(3) != 0) break;
        switch (world.Random(3)) {
          case 0:
            world.Stop();
            break;
          case 1:
            world.Kill();
            break;
          default:
            world.LosePower();
        }
        if (!world.Boot().OpenAndStart()) return;
        break;
      case 7:
        if (world.Random(2) == 0) world.disk().FailChangeAt(1, EIO, Repeat::kOnce);
        break;
      case 8:
        Ingest(world, "quiet", 1);
        break;
      default:
        Ingest(world, "prod", 1 + static_cast<std::uint32_t>(world.Random(50)));
    }
  }
}

const std::array kScenarios = {
    StackScenario{"seal", Seal, Small()},
    StackScenario{"carry", Carry, Small()},
    StackScenario{"merge", Merge, Small()},
    StackScenario{"evict", Evict, LittleMemory()},
    StackScenario{.name = "retention", .run = Retention, .config = OneHour(), .forgets = true},
    StackScenario{"dedup_window", DedupWindow, LittleMemory()},
    StackScenario{"twins", Twins, Small()},
    StackScenario{"stack_restart", Restart, Small()},
    StackScenario{.name = "stack_kill_and_restart",
                  .config = LittleMemory(),
                  .run_with_faults = KillAndRestart},
    StackScenario{
        .name = "kill_then_release", .config = LittleMemory(), .run_with_faults = KillThenRelease},
    StackScenario{
        .name = "stack_power_loss", .config = Small(), .run_with_faults = PowerLossAndRestart},
    StackScenario{"late_collection", LateCollection, Small()},
    StackScenario{.name = "failed_seal", .config = Small(), .run_with_faults = FailedSeal},
    StackScenario{.name = "stack_walk", .config = LittleMemory(), .run_with_faults = Walk},
};

}  // namespace

std::span<const StackScenario> StackScenarios() {
  return kScenarios;
}

namespace {

void Run(const StackScenario& scenario, StackWorld& world) {
  scenario.has_faults() ? scenario.run_with_faults(world) : scenario.run(world);
}

}  // namespace

void RunStackScenario(const StackScenario& scenario, PartFormat parts, Explorer& explorer,
                      std::uint64_t seed, os::SimulatedDisk::Options disk) {
  StackConfig config = scenario.config;
  config.parts = parts;
  disk.direct = seed % 2 == 0;
  StackWorld world(config, disk, seed, &explorer);
  Run(scenario, world);
  world.Rest();
}

std::optional<std::string> RunStackFault(const StackScenario& scenario, PartFormat parts,
                                         const Fault& fault, std::uint64_t seed) {
  StackConfig config = scenario.config;
  config.parts = parts;
  StackWorld world(config, {.direct = seed % 2 == 0}, seed, nullptr);
  world.Plan(fault);
  Run(scenario, world);
  if (!world.fault_was_met()) return std::nullopt;
  return world.JudgeFault(seed + fault.call);
}

namespace {

// What nobody reads, or may be missing.
bool Counts(const std::string& path) {
  for (const char* without : {"/LOCK", "spare-", ".reserve", ".new", "/quarantine/"}) {
    if (path.find(without) != std::string::npos) return false;
  }
  return true;
}

Damage AnyDamage(std::uint64_t size, std::mt19937_64& random) {
  using Kind = Damage::Kind;
  const std::uint64_t blocks = 1 + (size - 1) / Damage::kBlockBytes;
  const Kind kind =
      std::array{Kind::kFlip,      Kind::kFlip, Kind::kFlip, Kind::kZero,
                 Kind::kZeroBlock, Kind::kCut,  Kind::kSwap, Kind::kCopy}[random() % 8];
  const bool of_blocks = kind == Kind::kZeroBlock || kind == Kind::kSwap || kind == Kind::kCopy;
  return {.kind = kind,
          .at = random() % (of_blocks ? blocks : size),
          .with = random() % (of_blocks ? blocks : 8)};
}

}  // namespace

std::vector<DamagedFile> RunStackDamages(const StackScenario& scenario, std::uint64_t damages,
                                         std::uint64_t seed) {
  StackConfig config = scenario.config;
  config.parts = PartFormat::kParquet;
  StackWorld world(config, {.direct = seed % 2 == 0}, seed, nullptr);
  Run(scenario, world);
  if (!world.is_up()) CHECK(world.Boot().OpenAndStart());
  world.life().Settle();
  world.life().SaveDedup();  // its cursor vouches for everything
  std::vector<std::string> files = world.disk().Files();
  std::erase_if(files, [](const std::string& path) { return !Counts(path); });
  std::mt19937_64 random(seed);
  std::vector<DamagedFile> done;
  for (std::uint64_t i = 0; i < damages; ++i) {
    const std::string& path = files[random() % files.size()];
    const Bytes good = world.disk().Content(path);
    if (good.empty()) continue;
    const Damage damage = AnyDamage(good.size(), random);
    Bytes bytes = damage.Of(good, {});
    if (bytes == good) continue;
    auto disk = world.disk().AfterKill();
    disk->SetContent(path, std::move(bytes));
    done.push_back({.path = path,
                    .damage = damage,
                    .broken = world.JudgeDamage(std::move(disk), seed * 1000 + i)});
  }
  return done;
}

}  // namespace strata::reliability
