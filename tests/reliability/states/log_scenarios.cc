#include "states/log_scenarios.h"

#include <array>
#include <cerrno>

namespace strata::reliability {
namespace {

using Repeat = os::SimulatedDisk::Repeat;

// Segments so small that a handful of frames rolls them.
wal::Config Small() {
  return {.directory = "/log",
          .segment_bytes = 32_KiB,
          .spare_segments = 1,
          .max_bytes = 512_KiB,
          .frame_bytes_max = 16_KiB,
          .group_bytes_max = 8_KiB,
          .queue_bytes_max = 1_MiB,
          .salt_seed = 7};
}

wal::Config Tiny() {
  wal::Config config = Small();
  config.segment_bytes = 16_KiB;
  config.frame_bytes_max = 7_KiB;
  config.max_bytes = 256_KiB;
  return config;
}

wal::Config WithoutSpares() {
  wal::Config config = Tiny();
  config.spare_segments = 0;
  config.max_bytes = 3 * config.segment_bytes;
  return config;
}

wal::Config Pinned() {
  wal::Config config = Tiny();
  config.pinning_consumers = {"sealer", "sink"};
  return config;
}

wal::Config Full() {
  wal::Config config = Tiny();
  config.max_bytes = 4 * config.segment_bytes;
  return config;
}

wal::Config Interval() {
  wal::Config config = Tiny();
  config.sync = wal::SyncMode::kInterval;
  return config;
}

std::uint64_t AnySize(LogWorld& world) {
  return 8 + world.Random(world.Random(3) == 0 ? 6000 : 900);
}

void AppendEach(LogWorld& world, int frames) {
  for (int i = 0; i < frames; ++i) {
    world.life().Send(AnySize(world));
    world.life().Drive(1 + static_cast<int>(world.Random(3)));
  }
}

void AppendTogether(LogWorld& world, int frames) {
  for (int i = 0; i < frames; ++i) world.life().Send(AnySize(world));
  world.life().Settle();
}

void Append(LogWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  AppendEach(world, 10);
}

void Groups(LogWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  for (int i = 0; i < 4; ++i) AppendTogether(world, 2 + static_cast<int>(world.Random(6)));
}

// Frames of several blocks, larger than a group.
void LargeFrames(LogWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  for (int i = 0; i < 5; ++i) world.life().SendAndSettle(9000 + world.Random(7000));
}

void EmptyPayloads(LogWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  for (int i = 0; i < 30; ++i) world.life().Send(8);
  world.life().Settle();
  world.Stop();
  if (!world.Boot().OpenAndStart()) return;
  AppendEach(world, 3);
}

void Roll(LogWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  for (int i = 0; i < 10; ++i) world.life().SendAndSettle(3000 + world.Random(3000));
}

// The stock does nothing until the committer waits for it: footers come late, several segments are
// open at once.
void LateFooters(LogWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  for (int i = 0; i < 9; ++i) {
    world.life().Send(3000 + world.Random(3000));
    while (world.log().CommitOnce()) {
    }
  }
  world.life().Settle();
}

void Recycle(LogWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  for (int round = 0; round < 5; ++round) {
    AppendEach(world, 4);
    world.life().Settle();
    const Position published = world.log().published();
    if (!world.life().Release(published - world.Random(2))) return;
  }
}

void ReuseAtOnce(LogWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  for (int round = 0; round < 12; ++round) {
    world.life().SendAndSettle(5000 + world.Random(2000));
    if (!world.life().Release(world.log().published())) return;
  }
}

void Cursors(LogWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  for (int round = 0; round < 6; ++round) {
    AppendEach(world, 2);
    world.life().Settle();
    const Position published = world.log().published();
    world.life().Checkpoint("sealer", published);
    if (round % 2 == 1) world.life().Checkpoint("sink " + std::to_string(round), published - 1);
    if (round == 4) world.life().Forget("sink 1");
  }
}

void PinnedRelease(LogWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  for (int round = 0; round < 5; ++round) {
    AppendEach(world, 3);
    world.life().Settle();
    const Position published = world.log().published();
    if (!world.life().Checkpoint("sealer", published)) return;
    if (round % 2 == 1 && !world.life().Checkpoint("sink", published - 2)) return;
    // Only what both have done may go, and the log knows it.
    world.oracle().MayRelease(world.log().CursorOf("sink"));
    if (!world.log().Release(published)) return;
  }
}

void Restart(LogWorld& world) {
  for (int life = 0; life < 4; ++life) {
    if (!world.Boot().OpenAndStart()) return;
    AppendEach(world, 3);
    world.life().Settle();
    world.Stop();
  }
}

void KillAndRestart(LogWorld& world) {
  for (int life = 0; life < 4; ++life) {
    if (!world.Boot().OpenAndStart()) return;
    AppendEach(world, 4);
    world.Kill();
  }
  if (world.Boot().OpenAndStart()) AppendEach(world, 2);
}

void PowerLossAndRestart(LogWorld& world) {
  for (int life = 0; life < 4; ++life) {
    if (!world.Boot().OpenAndStart()) return;
    AppendTogether(world, 4);
    AppendEach(world, 2);
    world.LosePower();
  }
  if (world.Boot().OpenAndStart()) AppendEach(world, 2);
}

// Power goes while a group is under way, and again while its torn tail is being closed.
void RecoveryCutOff(LogWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  AppendEach(world, 5);
  for (int times = 0; times < 5; ++times) {
    world.disk().CrashAt(1 + world.Random(6));
    world.life().Send(2000 + world.Random(3000));
    world.life().Settle();
    world.LosePower();
    if (world.Boot().OpenAndStart()) world.life().SendAndSettle(AnySize(world));
  }
}

void FailedWrite(LogWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  for (int round = 0; round < 4; ++round) {
    AppendEach(world, 3);
    world.disk().FailChangeAt(1 + world.Random(3), round % 2 == 0 ? EIO : ENOSPC, Repeat::kOnce);
    AppendEach(world, 2);
    world.life().Settle();
    world.disk().ClearFault();
    world.life().clock().Advance(std::chrono::seconds(2));
    AppendEach(world, 1);
    world.life().Settle();
  }
}

void FailedWriteThenRestart(LogWorld& world) {
  for (int life = 0; life < 4; ++life) {
    if (!world.Boot().OpenAndStart()) return;
    AppendEach(world, 3);
    world.disk().FailChangeAt(1 + world.Random(4), EIO, Repeat::kForEver);
    AppendTogether(world, 3);
    world.disk().ClearFault();
    if (world.Random(2) == 0) {
      world.Kill();
    } else {
      world.Stop();
    }
  }
}

void FullLog(LogWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 10; ++i) world.life().SendAndSettle(5000);
    if (!world.life().Release(world.log().published())) return;
    world.life().clock().Advance(std::chrono::seconds(1));
  }
}

void FullDisk(LogWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 8; ++i) world.life().SendAndSettle(5000);
    // Somebody else takes what is left.
    const auto space = world.disk().FreeSpace("/");
    if (space) world.disk().SetCapacity(space->total_bytes - space->free_bytes);
    world.life().Checkpoint("sealer", world.log().published());
    world.life().Release(world.log().published());
    world.life().clock().Advance(std::chrono::seconds(1));
    world.life().SendAndSettle(3000);
  }
}

// Segments that are nearly empty give back their space when they are closed.
void Shrink(LogWorld& world) {
  for (int life = 0; life < 5; ++life) {
    if (!world.Boot().OpenAndStart()) return;
    world.life().SendAndSettle(100);
    if (life == 3) world.life().Release(world.log().published());
    world.Stop();
  }
}

// Several clients, and frames of all kinds.
void ManyCollections(LogWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  for (std::uint32_t i = 0; i < 18; ++i) {
    const wal::FrameInfo info{
        .type = i % 6 == 0 ? wal::FrameType::kDefine : wal::FrameType::kRecords,
        .kind = static_cast<std::uint8_t>(i % 3),
        .namespace_id = 1 + i % 4,
        .collection_id = 1 + i % 7,
        .record_count = i,
        .request_hash = {.low = i, .high = 1},
    };
    world.life().Send(AnySize(world), info);
    world.life().Drive(static_cast<int>(world.Random(3)));
  }
  world.life().Settle();
}

void IntervalSync(LogWorld& world) {
  world.oracle().AckIsNoPromise();
  for (int life = 0; life < 2; ++life) {
    if (!world.Boot().OpenAndStart()) return;
    for (int round = 0; round < 4; ++round) {
      AppendEach(world, 3);
      world.life().Settle();
      world.life().clock().Advance(std::chrono::seconds(1));
      if (world.log().CommitOnce() && world.log().healthy()) world.oracle().Synced();
    }
    if (life == 0) world.LosePower();
  }
}

// Everything, in an order that the seed chooses.
void Walk(LogWorld& world) {
  if (!world.Boot().OpenAndStart()) return;
  for (int step = 0; step < 30; ++step) {
    switch (world.Random(10)) {
      case 0:
        world.life().Settle();
        break;
      case 1:
        world.life().Checkpoint("sealer", world.log().published());
        break;
      case 2:
        world.life().Release(world.log().published() - world.log().published() / 4);
        break;
      case 3:
        AppendTogether(world, 5);
        break;
      case 4:
        world.life().clock().Advance(std::chrono::seconds(2));
        break;
      case 5:
        if (world.Random(3) != 0) break;
        if (world.Random(2) == 0) {
          world.Stop();
        } else {
          world.LosePower();
        }
        if (!world.Boot().OpenAndStart()) return;
        break;
      case 6:
        if (world.Random(3) == 0) world.disk().FailChangeAt(1, EIO, Repeat::kOnce);
        break;
      default:
        AppendEach(world, 1);
    }
  }
}

const std::array kScenarios = {
    LogScenario{"append", Append, Small()},
    LogScenario{"groups", Groups, Small()},
    LogScenario{"large_frames", LargeFrames, Small()},
    LogScenario{"empty_payloads", EmptyPayloads, Tiny()},
    LogScenario{"roll", Roll, Tiny()},
    LogScenario{"late_footers", LateFooters, Tiny()},
    LogScenario{"recycle", Recycle, Tiny()},
    LogScenario{"reuse_at_once", ReuseAtOnce, WithoutSpares()},
    LogScenario{"cursors", Cursors, Small()},
    LogScenario{"pinned_release", PinnedRelease, Pinned()},
    LogScenario{"restart", Restart, Tiny()},
    LogScenario{"kill_and_restart", KillAndRestart, Tiny()},
    LogScenario{"power_loss_and_restart", PowerLossAndRestart, Tiny()},
    LogScenario{
        .name = "recovery_cut_off", .run = RecoveryCutOff, .config = Tiny(), .has_faults = true},
    LogScenario{.name = "failed_write", .run = FailedWrite, .config = Tiny(), .has_faults = true},
    LogScenario{.name = "failed_write_then_restart",
                .run = FailedWriteThenRestart,
                .config = Tiny(),
                .has_faults = true},
    LogScenario{"full_log", FullLog, Full()},
    LogScenario{"full_disk", FullDisk, Tiny(), 200_KiB},
    LogScenario{"shrink", Shrink, Small()},
    LogScenario{"many_collections", ManyCollections, Tiny()},
    LogScenario{"interval_sync", IntervalSync, Interval(), 1ULL << 40, true},
    LogScenario{.name = "walk", .run = Walk, .config = Tiny(), .has_faults = true},
};

}  // namespace

std::span<const LogScenario> LogScenarios() {
  return kScenarios;
}

namespace {

os::SimulatedDisk::Options DiskOf(const LogScenario& scenario, std::uint64_t seed,
                                  os::SimulatedDisk::Options disk = {}) {
  disk.capacity_bytes = scenario.disk_bytes;
  disk.direct = !scenario.buffered_only && seed % 2 == 0;
  return disk;
}

}  // namespace

void RunLogScenario(const LogScenario& scenario, Explorer& explorer, std::uint64_t seed,
                    const os::SimulatedDisk::Options& disk) {
  LogWorld world(scenario.config, DiskOf(scenario, seed, disk), seed, &explorer);
  scenario.run(world);
  world.Rest();
}

std::optional<std::string> RunLogFault(const LogScenario& scenario, const Fault& fault,
                                       std::uint64_t seed) {
  LogWorld world(scenario.config, DiskOf(scenario, seed), seed, nullptr);
  world.Plan(fault);
  scenario.run(world);
  if (!world.fault_was_met()) return std::nullopt;
  return world.JudgeFault(seed + fault.call);
}

}  // namespace strata::reliability
