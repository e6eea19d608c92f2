// What a call that failed leaves behind, for the process that met it and for the next.
#include <cerrno>

#include <gtest/gtest.h>

#include "wal/inspect.h"
#include "wal/segment.h"
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

// A log of several segments: one damaged inside, one without its header, a file of another place,
// cursors that do not read.
std::unique_ptr<SimulatedDisk> DamagedEverywhere() {
  SimulatedDisk disk;
  {
    TestLog log(disk, OneSpare());
    CHECK(log.OpenAndStart());
    for (std::uint64_t id = 1; id <= 30; ++id) CHECK(log.Put(PayloadOf(id, 5000)));
    CHECK(log->Checkpoint("sealer", 5));
    log->Stop();
  }
  const auto path = [](std::uint64_t number) {
    return std::filesystem::path(kTestFolder) / SegmentName(number);
  };
  const auto spoil = [&](const std::filesystem::path& file, const auto&... at) {
    Bytes bytes = disk.Content(file);
    ((bytes[at] ^= std::byte{1}), ...);
    disk.SetContent(file, std::move(bytes));
  };
  disk.SetContent(path(77), disk.Content(path(1)));
  spoil(path(1), kFirstGroupOffset + 1000);
  spoil(path(2), std::size_t{16}, kHeaderCopyOffset + 16);
  spoil(std::filesystem::path(kTestFolder) / kCursorsName, std::size_t{40});
  return disk.AfterKill();
}

// Whatever call of a start fails, the next start works, and all that is damaged is kept.
TEST(Faults, DamageIsKeptWhateverCallFails) {
  const auto damaged = DamagedEverywhere();
  EXPECT_FALSE(Verify(*damaged, kTestFolder)->sound());
  EXPECT_FALSE(Inspect(*damaged, kTestFolder, {})->report.damage.empty());
  bool reached = true;
  for (std::uint64_t call = 1; reached; ++call) {
    const auto disk = damaged->AfterKill();
    {
      TestLog log(*disk, OneSpare());
      disk->FailAt(call, EIO, SimulatedDisk::Repeat::kOnce);
      static_cast<void>(log.Open() && log.ReplayAll() && log->Start(/*threads=*/false));
      reached = disk->operations() >= call;
      disk->ClearFault();
    }
    TestLog log(*disk, OneSpare());
    ASSERT_TRUE(log.Open()) << "call " << call;
    ASSERT_TRUE(log.ReplayAll());
    const auto started = log->Start(/*threads=*/false);
    ASSERT_TRUE(started) << "call " << call << ": " << started.error().message;
    std::size_t kept = 0;
    for (const std::string& file : disk->Files()) kept += file.find("/quarantine/") != file.npos;
    EXPECT_GE(kept, 4U) << "call " << call;
  }
}

// Segments that were written with a larger size are cut when they are used again.
TEST(Faults, LargerSegmentsAreCutWhateverCallFails) {
  bool reached = true;
  for (std::uint64_t call = 1; reached; ++call) {
    SimulatedDisk disk;
    Position last = 0;
    {
      Config large = OneSpare();
      large.segment_bytes = 64_KiB;
      TestLog log(disk, large);
      ASSERT_TRUE(log.OpenAndStart());
      for (std::uint64_t id = 1; id <= 30; ++id) last = *log.Put(PayloadOf(id, 5000));
    }
    TestLog log(disk, OneSpare());
    ASSERT_TRUE(log.Open());
    ASSERT_TRUE(log->Start(/*threads=*/false));
    log.Submit(PayloadOf(31, 5000));
    ASSERT_TRUE(log->CommitOnce());
    const std::uint64_t before = disk.operations();
    disk.FailAt(call, EIO, SimulatedDisk::Repeat::kOnce);
    static_cast<void>(log->Release(last).has_value());
    reached = disk.operations() - before >= call;
    disk.ClearFault();
    ASSERT_TRUE(log->Release(last)) << "call " << call;
    EXPECT_EQ(log->oldest(), last + 1);
    for (const SegmentInfo& segment : log->Segments()) EXPECT_LE(segment.file_bytes, 32_KiB);
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
