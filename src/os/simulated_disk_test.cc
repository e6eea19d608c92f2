// What power loss and failing calls do to the simulated disk.
#include "os/simulated_disk.h"

#include <cerrno>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "os/aligned_buffer.h"

namespace strata::os {
namespace {

constexpr OpenOptions kNew{.access = Access::kReadWrite, .create = true};
constexpr OpenOptions kNewDirect{
    .access = Access::kReadWrite, .create = true, .mode = WriteMode::kDirectSync};

std::string Text(const SimulatedDisk& disk, const std::string& path) {
  return std::string(AsText(disk.Content(path)));
}

TEST(SimulatedDisk, UnsyncedNamesComeAndGo) {
  SimulatedDisk disk;
  ASSERT_TRUE(disk.Open("/a", kNew));
  int kept = 0;
  for (std::uint64_t seed = 1; seed <= 64; ++seed) {
    kept += disk.AfterPowerLoss(seed)->Files().size() == 1 ? 1 : 0;
  }
  EXPECT_GT(kept, 10);
  EXPECT_LT(kept, 54);
  ASSERT_TRUE(disk.SyncDirectory("/"));
  for (std::uint64_t seed = 1; seed <= 64; ++seed) {
    EXPECT_EQ(disk.AfterPowerLoss(seed)->Files().size(), 1U);
  }
}

TEST(SimulatedDisk, SyncingAFileDoesNotSyncItsName) {
  SimulatedDisk disk;
  const auto file = *disk.Open("/a", kNew);
  ASSERT_TRUE(file->WriteAt(0, AsBytes("text")));
  ASSERT_TRUE(file->Sync());
  std::set<std::size_t> files;
  for (std::uint64_t seed = 1; seed <= 32; ++seed) {
    files.insert(disk.AfterPowerLoss(seed)->Files().size());
  }
  EXPECT_EQ(files, (std::set<std::size_t>{0, 1}));
}

TEST(SimulatedDisk, SectorsOfAnUnsyncedWriteAreLostOnTheirOwn) {
  SimulatedDisk disk;
  const auto file = *disk.Open("/a", kNew);
  ASSERT_TRUE(file->WriteAt(0, AsBytes(std::string(2048, 'o'))));
  ASSERT_TRUE(file->Sync());
  ASSERT_TRUE(disk.SyncDirectory("/"));
  ASSERT_TRUE(file->WriteAt(0, AsBytes(std::string(2048, 'n'))));
  std::set<std::string> states;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const std::string text = Text(*disk.AfterPowerLoss(seed), "/a");
    std::string state;
    for (std::size_t at = 0; at < 2048; at += 512) {
      EXPECT_EQ(text.substr(at, 512), std::string(512, text[at]));
      state += text[at];
    }
    states.insert(state);
  }
  EXPECT_EQ(states.size(), 16U);  // every subset of four sectors
  EXPECT_EQ(Text(*disk.AfterKill(), "/a"), std::string(2048, 'n'));
}

TEST(SimulatedDisk, DirectWritesAreDurableOnReturn) {
  for (const bool direct : {true, false}) {
    SimulatedDisk disk({.direct = direct});
    const auto file = *disk.Open("/a", kNewDirect);
    ASSERT_TRUE(disk.SyncDirectory("/"));
    AlignedBuffer buffer(4096);
    std::ranges::fill(buffer.span(), std::byte{'d'});
    ASSERT_TRUE(file->WriteAt(4096, buffer.span()));
    for (std::uint64_t seed = 1; seed <= 32; ++seed) {
      EXPECT_EQ(Text(*disk.AfterPowerLoss(seed), "/a").substr(4096), std::string(4096, 'd'));
    }
  }
}

TEST(SimulatedDisk, AReplacedFileIsOldOrNewButWhole) {
  SimulatedDisk disk;
  ASSERT_TRUE(disk.ReplaceAll("/a", AsBytes("old")));
  for (std::uint64_t n = 1;; ++n) {
    const auto before = disk.AfterKill();
    before->CrashAt(n);
    const bool replaced = before->ReplaceAll("/a", AsBytes("new")).has_value();
    for (std::uint64_t seed = 1; seed <= 16; ++seed) {
      const std::string text = Text(*before->AfterPowerLoss(seed), "/a");
      EXPECT_TRUE(text == "old" || text == "new") << text << " at " << n;
      if (replaced) {
        EXPECT_EQ(text, "new");
      }
    }
    if (replaced) break;
  }
}

TEST(SimulatedDisk, ARenameIsNeverKeptWithoutTheCreationBeforeIt) {
  SimulatedDisk disk;
  ASSERT_TRUE(disk.Open("/a", kNew));
  ASSERT_TRUE(disk.Rename("/a", "/b"));
  ASSERT_TRUE(disk.Rename("/b", "/c"));
  std::set<std::vector<std::string>> states;
  for (std::uint64_t seed = 1; seed <= 64; ++seed) {
    states.insert(disk.AfterPowerLoss(seed)->Files());
  }
  EXPECT_EQ(states, (std::set<std::vector<std::string>>{{}, {"/a"}, {"/b"}, {"/c"}}));
}

TEST(SimulatedDisk, FilesOfALostFolderAreLost) {
  SimulatedDisk disk;
  ASSERT_TRUE(disk.CreateDirectory("/d"));
  ASSERT_TRUE(disk.Open("/d/a", kNew));
  ASSERT_TRUE(disk.SyncDirectory("/d"));
  std::set<std::size_t> files;
  for (std::uint64_t seed = 1; seed <= 32; ++seed) {
    files.insert(disk.AfterPowerLoss(seed)->Files().size());
  }
  EXPECT_EQ(files, (std::set<std::size_t>{0, 1}));
}

// The first process dies at any call and leaves folders whose names are not synced; the next one
// finds them and must not take them for durable.
TEST(CreateDirectories, MakesDurableWhatADeadProcessLeft) {
  for (const char* path : {"/a/b/c", "/a/b/c/", "a/b/c"}) {
    bool died = true;
    for (std::uint64_t n = 1; died; ++n) {
      SimulatedDisk first({.seed = n});
      first.CrashAt(n);
      died = !first.CreateDirectories(path);
      const auto second = first.AfterKill();
      ASSERT_TRUE(second->CreateDirectories(path)) << path << " at " << n;
      for (std::uint64_t seed = 1; seed <= 16; ++seed) {
        const auto after = second->AfterPowerLoss(seed);
        EXPECT_TRUE(*after->Exists(path)) << path << " at " << n << " seed " << seed;
      }
    }
  }
}

// The same where the folder above is the one that was left, and the next process wants more.
TEST(CreateDirectories, MakesNothingInAFolderThatMayBeLost) {
  SimulatedDisk disk;
  ASSERT_TRUE(disk.CreateDirectory("/a"));
  ASSERT_TRUE(disk.CreateDirectories("/a/b"));
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    EXPECT_TRUE(*disk.AfterPowerLoss(seed)->Exists("/a/b")) << seed;
  }
}

TEST(SimulatedDisk, AFailedSyncIsNotRepairedByTheNext) {
  SimulatedDisk disk;
  const auto file = *disk.Open("/a", kNew);
  ASSERT_TRUE(disk.SyncDirectory("/"));
  ASSERT_TRUE(file->WriteAt(0, AsBytes(std::string(512 * 64, 'o'))));
  ASSERT_TRUE(file->Sync());
  ASSERT_TRUE(file->WriteAt(0, AsBytes(std::string(512 * 64, 'n'))));
  disk.FailAt(1, EIO, SimulatedDisk::Repeat::kOnce);
  EXPECT_EQ(file->Sync().error().code, Code::kIo);
  EXPECT_TRUE(file->Sync());
  EXPECT_EQ(Text(disk, "/a"), std::string(512 * 64, 'n'));
  EXPECT_NE(Text(*disk.AfterPowerLoss(1), "/a"), std::string(512 * 64, 'n'));
}

TEST(SimulatedDisk, CountsWhatIsTriedAgainAfterAFailedSync) {
  SimulatedDisk disk;
  const auto file = *disk.Open("/a", kNew);
  disk.FailAt(1, EIO, SimulatedDisk::Repeat::kOnce);
  EXPECT_FALSE(file->Sync());
  EXPECT_EQ(disk.retried_syncs(), 0U);
  EXPECT_TRUE(file->Sync());
  EXPECT_EQ(disk.retried_syncs(), 1U);
  EXPECT_TRUE((*disk.Open("/a", kNew))->Sync());
  EXPECT_EQ(disk.retried_syncs(), 1U);
}

TEST(SimulatedDisk, TheNthCallFailsOnceOrForEver) {
  SimulatedDisk disk;
  disk.FailAt(2, EIO, SimulatedDisk::Repeat::kOnce);
  EXPECT_TRUE(disk.GetStat("/"));
  EXPECT_EQ(disk.GetStat("/").error().code, Code::kIo);
  EXPECT_TRUE(disk.GetStat("/"));
  disk.FailAt(1, ENOSPC, SimulatedDisk::Repeat::kForEver);
  EXPECT_TRUE(IsNoSpace(disk.CreateDirectory("/d").error()));
  EXPECT_TRUE(IsNoSpace(disk.GetStat("/").error()));
  disk.ClearFault();
  EXPECT_TRUE(disk.CreateDirectory("/d"));
  disk.FailChangeAt(1, EIO, SimulatedDisk::Repeat::kOnce);
  EXPECT_TRUE(disk.GetStat("/"));
  EXPECT_FALSE(disk.Remove("/d"));
}

TEST(SimulatedDisk, EverythingFailsAfterTheCrash) {
  SimulatedDisk disk;
  const auto file = *disk.Open("/a", kNew);
  disk.CrashAt(2);
  EXPECT_TRUE(file->WriteAt(0, AsBytes("a")));
  EXPECT_FALSE(file->WriteAt(1, AsBytes("b")));
  EXPECT_TRUE(disk.crashed());
  EXPECT_FALSE(file->Sync());
  EXPECT_FALSE(disk.GetStat("/"));
  EXPECT_TRUE(disk.AfterPowerLoss(1)->GetStat("/"));
}

TEST(SimulatedDisk, AFullDiskTakesNoMore) {
  SimulatedDisk disk({.capacity_bytes = 1000});
  const auto file = *disk.Open("/a", kNew);
  EXPECT_TRUE(file->WriteAt(0, AsBytes(std::string(600, 'x'))));
  EXPECT_TRUE(IsNoSpace(file->WriteAt(600, AsBytes(std::string(600, 'x'))).error()));
  EXPECT_TRUE(IsNoSpace(file->Allocate(2000).error()));
  EXPECT_EQ(disk.FreeSpace("/")->free_bytes, 0U);
  EXPECT_TRUE(file->WriteAt(0, AsBytes("over what is there")));
  disk.SetCapacity(2000);
  EXPECT_TRUE(file->Allocate(2000));
}

TEST(SimulatedDisk, ALyingDiskLosesWhatItSaidItSynced) {
  SimulatedDisk disk({.ignores_syncs = true, .ignores_directory_syncs = true});
  const auto file = *disk.Open("/a", kNew);
  ASSERT_TRUE(file->WriteAt(0, AsBytes("text")));
  ASSERT_TRUE(file->Sync());
  ASSERT_TRUE(disk.SyncDirectory("/"));
  std::set<std::size_t> files;
  for (std::uint64_t seed = 1; seed <= 32; ++seed) {
    files.insert(disk.AfterPowerLoss(seed)->Files().size());
  }
  EXPECT_EQ(files.size(), 2U);
}

TEST(SimulatedDisk, TheSameSeedGivesTheSameDisk) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SimulatedDisk one({.seed = seed});
    SimulatedDisk two({.seed = seed});
    for (SimulatedDisk* disk : {&one, &two}) {
      const auto file = *disk->Open("/a", kNew);
      disk->FailAt(1, EIO, SimulatedDisk::Repeat::kOnce);
      EXPECT_FALSE(file->WriteAt(0, AsBytes(std::string(4096, 'x'))));
    }
    EXPECT_EQ(one.Content("/a"), two.Content("/a"));
    EXPECT_EQ(one.AfterPowerLoss(7)->Files(), two.AfterPowerLoss(7)->Files());
  }
}

TEST(SimulatedDisk, AsksForEveryChoiceThatMakesADifference) {
  SimulatedDisk disk;
  const auto file = *disk.Open("/a", kNew);
  ASSERT_TRUE(file->WriteAt(0, AsBytes(std::string(1024, 'o'))));
  ASSERT_TRUE(file->Sync());
  ASSERT_TRUE(disk.SyncDirectory("/"));
  ASSERT_TRUE(file->WriteAt(0, AsBytes(std::string(512, 'o'))));  // as it is
  ASSERT_TRUE(file->WriteAt(512, AsBytes(std::string(512, 'n'))));
  ASSERT_TRUE(disk.Open("/b", kNew));
  std::set<Hash128> states;
  for (unsigned choices = 0; choices < 4; ++choices) {
    unsigned asked = 0;
    states.insert(
        disk.AfterPowerLoss([&] { return ((choices >> asked++) & 1U) != 0; })->Fingerprint());
    EXPECT_EQ(asked, 2U);
  }
  EXPECT_EQ(states.size(), 4U);
}

TEST(SimulatedDisk, AWatchSeesEachCallBeforeItIsSynced) {
  SimulatedDisk disk;
  std::set<std::string> survivors;
  disk.SetWatch([&](const SimulatedDisk::Moment& moment) {
    for (const bool all : {false, true}) {
      const auto after = moment.AfterPowerLoss([all] { return all; });
      std::string state = std::to_string(moment.operation());
      for (const std::string& name : after->Files()) state += " " + Text(*after, name);
      survivors.insert(state);
    }
  });
  const auto file = *disk.Open("/a", kNew);        // 1
  ASSERT_TRUE(disk.SyncDirectory("/"));            // 2
  ASSERT_TRUE(file->WriteAt(0, AsBytes("text")));  // 3
  ASSERT_TRUE(file->Sync());                       // 4
  ASSERT_TRUE(file->ReadAt(0, {}));                // 5 changes nothing
  ASSERT_TRUE(disk.Remove("/a"));                  // 6
  const std::set<std::string> expected{"1",      "1 ", "2",      "2 ", "3 ",
                                       "3 text", "4 ", "4 text", "6",  "6 text"};
  EXPECT_EQ(survivors, expected);
}

// States share what does not differ: none may see what another one writes.
TEST(SimulatedDisk, StatesDoNotChangeEachOther) {
  SimulatedDisk disk;
  const auto file = *disk.Open("/a", kNew);
  ASSERT_TRUE(file->WriteAt(0, AsBytes("one")));
  ASSERT_TRUE(file->Sync());
  ASSERT_TRUE(disk.SyncDirectory("/"));
  const auto after = disk.AfterPowerLoss(1);
  ASSERT_TRUE((*after->Open("/a", kNew))->WriteAt(0, AsBytes("two")));
  ASSERT_TRUE(file->WriteAt(0, AsBytes("six")));
  EXPECT_EQ(Text(*after, "/a"), "two");
  EXPECT_EQ(Text(disk, "/a"), "six");
  EXPECT_EQ(Text(*disk.AfterKill(), "/a"), "six");
}

}  // namespace
}  // namespace strata::os
