// What a call that failed leaves behind, for the process that met it and for the next.
#include <cerrno>

#include <gtest/gtest.h>

#include "wal/test_log.h"

namespace strata::wal {
namespace {

using os::SimulatedDisk;

Config OneSpare() {
  Config config = SmallConfig();
  config.segment_bytes = 32_KiB;
  config.frame_bytes_max = 16_KiB;
  config.group_bytes_max = 8_KiB;
  config.max_bytes = 512_KiB;
  return config;
}

// With sync: interval an unclean start leaves positions out. The next one knows, also when the
// first segment behind them failed before it had a frame.
TEST(Faults, PositionsThatWereLeftOutAreNotReportedAsLost) {
  Config config = OneSpare();
  config.sync = SyncMode::kInterval;
  auto disk = std::make_unique<SimulatedDisk>();
  for (std::uint64_t life = 1; life <= 4; ++life) {
    TestLog log(*disk, config);
    ASSERT_TRUE(log.Open());
    ASSERT_TRUE(log.ReplayAll());
    const auto damage = log->recovery().damage;
    ASSERT_TRUE(damage.empty()) << "life " << life << ": " << damage[0].reason;
    ASSERT_TRUE(log->Start(/*threads=*/false));
    disk->FailChangeAt(1, EIO, SimulatedDisk::Repeat::kOnce);
    for (std::uint64_t id = 1; id <= 3; ++id) {
      log.clock().Advance(std::chrono::seconds(2));
      log.Submit(PayloadOf(10 * life + id, 500));
      while (log->CommitOnce() || log->StockOnce()) {
      }
    }
    ASSERT_TRUE(log->healthy());
    auto next = disk->AfterKill();
    disk->CrashAt(1);
    log.Close();
    disk = std::move(next);
  }
}

// Whatever failed in a release, the next one goes on with it: no segment is held for ever.
TEST(Faults, AReleaseThatFailedIsTakenUpByTheNext) {
  bool reached = true;
  for (std::uint64_t call = 1; reached; ++call) {
    SimulatedDisk disk;
    TestLog log(disk, OneSpare());
    ASSERT_TRUE(log.Open());
    ASSERT_TRUE(log->Start(/*threads=*/false));
    for (std::uint64_t id = 1; id <= 20; ++id) {
      log.Submit(PayloadOf(id, 6000));
      while (log->CommitOnce() || log->StockOnce()) {
      }
    }
    const Position all = log->published();
    ASSERT_EQ(all, 20U);
    const std::uint64_t before = disk.operations();
    disk.FailAt(call, EIO, SimulatedDisk::Repeat::kOnce);
    static_cast<void>(log->Release(all).has_value());
    reached = disk.operations() - before >= call;
    disk.ClearFault();
    ASSERT_TRUE(log->Release(all)) << "call " << call;
    EXPECT_GT(log->oldest(), 15U) << "call " << call;
    log->Stop();
  }
}

// A checkpoint that failed may be in the file all the same.
TEST(Faults, AForgottenConsumerDoesNotComeBack) {
  for (std::uint64_t call = 1; call <= 8; ++call) {
    SimulatedDisk disk;
    TestLog log(disk, SmallConfig());
    ASSERT_TRUE(log.OpenAndStart());
    ASSERT_TRUE(log.Put("x"));
    disk.FailAt(call, EIO, SimulatedDisk::Repeat::kOnce);
    static_cast<void>(log->Checkpoint("sink", 1).has_value());
    disk.ClearFault();
    ASSERT_TRUE(log->ForgetConsumer("sink"));
    const auto killed = disk.AfterKill();
    TestLog next(*killed, SmallConfig());
    ASSERT_TRUE(next.Open());
    EXPECT_EQ(next->CursorOf("sink"), 0U) << "call " << call;
  }
}

}  // namespace
}  // namespace strata::wal
