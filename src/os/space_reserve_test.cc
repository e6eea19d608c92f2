#include "os/space_reserve.h"

#include <cerrno>

#include <gtest/gtest.h>

#include "os/simulated_disk.h"

namespace strata::os {
namespace {

constexpr std::uint64_t kReserve = 10'000;

struct SpaceReserveTest : testing::Test {
  SimulatedDisk disk{{.capacity_bytes = 100'000}};
  SpaceReserve reserve{"/reserve", kReserve, disk};
  ReservedFileSystem files{disk, reserve};

  void SetUp() override { ASSERT_TRUE(reserve.Establish()); }
  // Leaves `bytes` free.
  void Fill(std::uint64_t bytes) {
    disk.SetContent("/filler", {});
    disk.SetContent("/filler", Bytes(disk.FreeSpace("/")->free_bytes - bytes));
  }
  Status Write(FileSystem& through, std::uint64_t bytes) {
    ASSIGN_OR_RETURN(const auto file,
                     through.Open("/file", {.access = Access::kReadWrite, .create = true}));
    RETURN_IF_ERROR(file->WriteAt(0, Bytes(bytes, std::byte{7})));
    return file->Sync();
  }
};

TEST_F(SpaceReserveTest, HoldsSpaceUntilItIsGivenUp) {
  EXPECT_TRUE(reserve.is_held());
  EXPECT_EQ(disk.FreeSpace("/")->free_bytes, 90'000U);
  EXPECT_TRUE(reserve.GiveUp());
  EXPECT_FALSE(reserve.GiveUp()) << "there is nothing more to give";
  EXPECT_EQ(disk.FreeSpace("/")->free_bytes, 100'000U);
  EXPECT_EQ(reserve.times_given_up(), 1U);
  ASSERT_TRUE(reserve.Establish());
  EXPECT_EQ(disk.FreeSpace("/")->free_bytes, 90'000U);
}

TEST_F(SpaceReserveTest, IsFoundAgainByTheNextProcess) {
  EXPECT_TRUE(SpaceReserve("/reserve", kReserve, disk).is_held());
  EXPECT_FALSE(SpaceReserve("/reserve", 2 * kReserve, disk).is_held()) << "of another size";
}

TEST_F(SpaceReserveTest, IsTakenAgainAfterSomebodyRemovedIt) {
  ASSERT_TRUE(disk.Remove("/reserve"));
  EXPECT_FALSE(reserve.GiveUp()) << "it kept no space";
  EXPECT_FALSE(reserve.is_held());
  ASSERT_TRUE(reserve.Establish());
  EXPECT_TRUE(reserve.is_held());
  EXPECT_EQ(disk.FreeSpace("/")->free_bytes, 90'000U);
}

TEST_F(SpaceReserveTest, TakesNothingWhereThereIsTooLittle) {
  ASSERT_TRUE(reserve.GiveUp());
  Fill(kReserve - 1);
  const Status established = reserve.Establish();
  ASSERT_FALSE(established);
  EXPECT_TRUE(IsNoSpace(established.error()));
  EXPECT_FALSE(reserve.is_held());
  EXPECT_EQ(disk.FreeSpace("/")->free_bytes, kReserve - 1);
}

TEST_F(SpaceReserveTest, AWriteOnAFullDiskIsMadeAgain) {
  Fill(0);
  EXPECT_FALSE(Write(disk, 4096)) << "others see the disk as it is";
  ASSERT_TRUE(disk.Remove("/file"));
  EXPECT_TRUE(reserve.is_held());
  ASSERT_TRUE(Write(files, 4096));
  EXPECT_FALSE(reserve.is_held());
  EXPECT_EQ(disk.Content("/file"), Bytes(4096, std::byte{7}));
  EXPECT_FALSE(Write(files, 50'000)) << "more than it held";
}

TEST_F(SpaceReserveTest, OtherErrorsAndSyncsDoNotTouchIt) {
  disk.FailChangeAt(2, EIO, SimulatedDisk::Repeat::kOnce);
  EXPECT_FALSE(Write(files, 100));
  disk.FailChangeAt(3, ENOSPC, SimulatedDisk::Repeat::kOnce);  // the sync
  const std::uint64_t before = disk.operations();
  EXPECT_FALSE(Write(files, 100));
  EXPECT_EQ(disk.operations() - before, 3U) << "open, write, sync: once each";
  EXPECT_TRUE(reserve.is_held());
}

TEST_F(SpaceReserveTest, NoneIsAlwaysHeld) {
  SpaceReserve none("/none", 0, disk);
  EXPECT_TRUE(none.is_held());
  EXPECT_TRUE(none.Establish());
  EXPECT_FALSE(none.GiveUp());
  EXPECT_FALSE(disk.GetStat("/none"));
}

}  // namespace
}  // namespace strata::os
