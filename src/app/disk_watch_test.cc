#include "app/disk_watch.h"

#include <gtest/gtest.h>

#include "os/simulated_disk.h"

namespace strata::app {
namespace {

constexpr std::uint64_t kReserve = 64_KiB;

struct DiskWatchTest : testing::Test {
  os::SimulatedDisk disk{{.capacity_bytes = 1_MiB}};
  os::SpaceReserve reserve{"/disk.reserve", kReserve, disk};
  os::ReservedFileSystem files{disk, reserve};
  std::string refusal;  // empty: the door is open
  int calls = 0;
  DiskWatch watch{"/",
                  {.free_min_bytes = 100_KiB, .free_warn_bytes = 300_KiB},
                  disk,
                  reserve,
                  [this](std::string reason) {
                    refusal = std::move(reason);
                    ++calls;
                  },
                  [this] {
                    refusal.clear();
                    ++calls;
                  }};

  void SetFree(std::uint64_t bytes) {
    disk.SetContent("/filler", {});
    disk.SetContent("/filler", Bytes(disk.FreeSpace("/")->free_bytes - bytes));
    watch.Look();
  }
  // As sealing, merging and retention do.
  bool Write(std::uint64_t bytes) { return files.ReplaceAll("/part", Bytes(bytes)).has_value(); }
};

TEST_F(DiskWatchTest, TakesTheReserveAndOpensTheDoor) {
  watch.Look();
  EXPECT_TRUE(reserve.is_held());
  EXPECT_EQ(watch.state(), DiskState::kEnough);
  EXPECT_EQ(watch.free_bytes(), 1_MiB - kReserve);
  EXPECT_EQ(refusal, "");
  EXPECT_EQ(calls, 1);
  watch.Look();
  EXPECT_EQ(calls, 1) << "nothing changed";
}

TEST_F(DiskWatchTest, WarnsThenClosesThenOpens) {
  SetFree(400_KiB);
  EXPECT_EQ(watch.state(), DiskState::kEnough);
  SetFree(299_KiB);
  EXPECT_EQ(watch.state(), DiskState::kWarning);
  EXPECT_EQ(refusal, "") << "a warning closes nothing";
  SetFree(99_KiB);
  EXPECT_TRUE(watch.is_low());
  EXPECT_NE(refusal.find("disk.free_min (100KiB)"), std::string::npos) << refusal;
  SetFree(100_KiB);
  EXPECT_EQ(watch.state(), DiskState::kWarning);
  EXPECT_EQ(refusal, "");
}

TEST_F(DiskWatchTest, WhoMakesRoomGoesOnWhenTheDiskIsFull) {
  watch.Look();
  SetFree(0);
  ASSERT_TRUE(watch.is_low());
  EXPECT_FALSE(disk.ReplaceAll("/other", Bytes(100))) << "the disk is full for others";
  ASSERT_TRUE(disk.Remove("/other.new"));
  EXPECT_TRUE(Write(40'000));
  EXPECT_FALSE(reserve.is_held());
}

TEST_F(DiskWatchTest, TheDoorStaysClosedUntilTheReserveIsBack) {
  watch.Look();
  SetFree(0);
  ASSERT_TRUE(Write(1000));
  SetFree(100_KiB + kReserve - 1);
  EXPECT_TRUE(watch.is_low());
  EXPECT_FALSE(reserve.is_held());
  EXPECT_NE(refusal.find("disk.free_min"), std::string::npos) << refusal;
  SetFree(100_KiB + kReserve);
  EXPECT_FALSE(watch.is_low());
  EXPECT_TRUE(reserve.is_held());
  EXPECT_EQ(watch.free_bytes(), 100_KiB);
}

TEST_F(DiskWatchTest, AReserveThatFailsForAnotherReasonThanSpaceRefusesNobody) {
  disk.FailAt(2, EIO, os::SimulatedDisk::Repeat::kOnce);  // the first call asks what is free
  watch.Look();
  EXPECT_FALSE(reserve.is_held());
  EXPECT_FALSE(watch.is_low());
  EXPECT_EQ(refusal, "");
  SetFree(99_KiB);
  EXPECT_TRUE(watch.is_low());
  SetFree(500_KiB);
  EXPECT_TRUE(reserve.is_held());
  EXPECT_EQ(refusal, "");
}

TEST_F(DiskWatchTest, ADiskThatCannotBeAskedCountsAsItDid) {
  SetFree(50_KiB);
  ASSERT_TRUE(watch.is_low());
  disk.FailAt(1, EIO, os::SimulatedDisk::Repeat::kForEver);
  watch.Look();
  EXPECT_TRUE(watch.is_low());
  disk.ClearFault();
  SetFree(500_KiB);
  EXPECT_FALSE(watch.is_low());
}

}  // namespace
}  // namespace strata::app
