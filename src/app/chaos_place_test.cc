#include "app/chaos_place.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "base/units.h"
#include "os/real_file_system.h"

namespace strata::app {
namespace {

using Path = std::filesystem::path;

struct ChaosPlaceTest : testing::Test {
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/strata-place-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  static void Touch(const Path& path) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << "mine";
  }
  Result<ChaosPlace> Make(const Path& parent) { return ChaosPlace::Make(parent, 1_MiB, files); }
  bool IsEmpty(const Path& path) const { return std::filesystem::is_empty(path); }

  os::FileSystem& files = os::RealFileSystem();
  Path folder;
};

TEST_F(ChaosPlaceTest, WhatItMadeIsRemovedAndNothingElse) {
  Touch(folder / "notes.txt");
  auto place = Make(folder);
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_EQ(place->work.parent_path(), std::filesystem::canonical(folder));
  EXPECT_TRUE(std::filesystem::is_directory(place->ledgers));
  Touch(place->work / "a" / "b");
  Touch(place->ledgers / "c");
  ASSERT_TRUE(place->Remove(files));
  EXPECT_FALSE(std::filesystem::exists(place->work));
  EXPECT_FALSE(std::filesystem::exists(place->ledgers));
  EXPECT_TRUE(std::filesystem::exists(folder / "notes.txt"));
}

TEST_F(ChaosPlaceTest, AMissingFolderIsMadeAndRemovedUnlessItIsUsed) {
  auto place = Make(folder / "new" / "deep" / "");
  ASSERT_TRUE(place) << place.error().message;
  ASSERT_TRUE(place->Remove(files));
  EXPECT_TRUE(IsEmpty(folder));

  place = Make(folder / "new" / "deep");
  ASSERT_TRUE(place);
  Touch(folder / "new" / "notes.txt");
  ASSERT_TRUE(place->Remove(files));
  EXPECT_FALSE(std::filesystem::exists(folder / "new" / "deep"));
  EXPECT_TRUE(std::filesystem::exists(folder / "new" / "notes.txt"));
}

TEST_F(ChaosPlaceTest, TwoAtOnceAreApart) {
  const auto first = Make(folder);
  const auto second = Make(folder);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->work, second->work);
  EXPECT_NE(first->ledgers, second->ledgers);
  EXPECT_TRUE(first->Remove(files) && second->Remove(files));
}

TEST_F(ChaosPlaceTest, FoldersOfADataDirectoryAreLeftAlone) {
  Touch(folder / "wal" / "LOCK");
  std::filesystem::create_directories(folder / "parts" / "default");
  std::filesystem::create_symlink(folder / "parts", folder / "link");
  for (const char* inner :
       {"wal", "parts", "parts/default", "parts/new/deep", "parts/../wal", "link/default"}) {
    const auto place = Make(folder / inner);
    ASSERT_FALSE(place) << inner;
    EXPECT_EQ(place.error().code, Code::kConflict);
    EXPECT_NE(place.error().message.find("is part of the data directory"), std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "parts" / "new"));
  const auto beside = Make(folder);
  ASSERT_TRUE(beside) << "beside them there is room";
  EXPECT_TRUE(beside->Remove(files));
}

TEST_F(ChaosPlaceTest, AFolderOfThatNameAloneIsNoDataDirectory) {
  const auto place = Make(folder / "parts");
  ASSERT_TRUE(place);
  EXPECT_TRUE(place->Remove(files));
}

TEST_F(ChaosPlaceTest, AFileIsNoPlace) {
  Touch(folder / "file");
  EXPECT_FALSE(Make(folder / "file"));
  EXPECT_FALSE(Make(folder / "file" / "below"));
}

TEST_F(ChaosPlaceTest, ADiskThatIsNearlyFullIsRefusedAndNothingIsMade) {
  const auto place = ChaosPlace::Make(folder / "new", UINT64_MAX, files);
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().code, Code::kExhausted);
  EXPECT_TRUE(IsEmpty(folder));
}

}  // namespace
}  // namespace strata::app
