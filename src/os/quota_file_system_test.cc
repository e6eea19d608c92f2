#include "os/quota_file_system.h"

#include <string_view>

#include <gtest/gtest.h>

#include "os/simulated_disk.h"

namespace strata::os {
namespace {

struct QuotaTest : testing::Test {
  SimulatedDisk disk;
  QuotaFileSystem files{disk, "/data", "/quota"};

  void SetUp() override {
    ASSERT_TRUE(disk.CreateDirectories("/data/parts"));
    SetQuota("40960");
  }
  void SetQuota(std::string_view bytes) {
    disk.SetContent("/quota", Bytes(AsBytes(bytes).begin(), AsBytes(bytes).end()));
  }
  std::unique_ptr<File> Make(const char* path) {
    auto file = files.Open(path, {.access = Access::kReadWrite, .create = true});
    EXPECT_TRUE(file);
    return *std::move(file);
  }
  static Status Write(File& file, std::uint64_t offset, std::uint64_t bytes) {
    return file.WriteAt(offset, Bytes(bytes, std::byte{7}));
  }
  std::uint64_t Free() { return files.FreeSpace("/data")->free_bytes; }
};

TEST_F(QuotaTest, FilesOfAllFoldersCountInBlocks) {
  EXPECT_EQ(Free(), 40'960U);
  EXPECT_TRUE(Write(*Make("/data/a"), 0, 1));
  EXPECT_EQ(Free(), 36'864U);
  EXPECT_TRUE(Write(*Make("/data/parts/b"), 0, 8'000));
  EXPECT_EQ(Free(), 28'672U);
  EXPECT_TRUE(files.Remove("/data/parts/b"));
  EXPECT_EQ(Free(), 36'864U);
}

TEST_F(QuotaTest, AWriteBeyondItFailsAsOnAFullDiskAndMayReachItInPart) {
  const auto file = Make("/data/a");
  const Status failed = Write(*file, 4'096, 50'000);
  ASSERT_FALSE(failed);
  EXPECT_TRUE(IsNoSpace(failed.error())) << failed.error().message;
  EXPECT_EQ(*file->Size(), 40'960U);
  EXPECT_EQ(Free(), 0U);
}

TEST_F(QuotaTest, WhatTheFileHasIsWrittenAgainOnAFullDisk) {
  const auto file = Make("/data/a");
  ASSERT_TRUE(Write(*file, 0, 40'000));
  EXPECT_TRUE(Write(*file, 0, 40'960)) << "within its last block";
  EXPECT_FALSE(Write(*file, 0, 40'961));
  EXPECT_FALSE(Write(*Make("/data/b"), 0, 1));
}

TEST_F(QuotaTest, SpaceIsReservedWholeOrNotAtAll) {
  const auto file = Make("/data/a");
  const Status failed = file->Allocate(41'000);
  ASSERT_FALSE(failed);
  EXPECT_TRUE(IsNoSpace(failed.error()));
  EXPECT_EQ(*file->Size(), 0U);
  EXPECT_TRUE(file->Allocate(40'000));
  EXPECT_EQ(Free(), 0U);
}

TEST_F(QuotaTest, ItChangesWhileFilesAreOpen) {
  const auto file = Make("/data/a");
  ASSERT_TRUE(Write(*file, 0, 8'192));
  SetQuota("4096");
  EXPECT_EQ(Free(), 0U);
  EXPECT_FALSE(Write(*file, 8'192, 1));
  SetQuota("12288");
  EXPECT_TRUE(Write(*file, 8'192, 1));
}

TEST_F(QuotaTest, OtherFoldersAreNotItsConcern) {
  SetQuota("0");
  ASSERT_TRUE(disk.CreateDirectories("/data-2"));
  EXPECT_TRUE(Write(*Make("/data-2/a"), 0, 100'000));
  EXPECT_GT(files.FreeSpace("/data-2")->free_bytes, 0U);
}

TEST_F(QuotaTest, WithoutANumberNothingGrows) {
  SetQuota("much");
  EXPECT_FALSE(Write(*Make("/data/a"), 0, 1));
  EXPECT_FALSE(files.FreeSpace("/data"));
}

}  // namespace
}  // namespace strata::os
