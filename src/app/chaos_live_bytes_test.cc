#include "app/chaos_live_bytes.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "wal/inspect.h"
#include "wal/test_log.h"

namespace strata::app {
namespace {

using os::SimulatedDisk;

// A log of several segments whose process was killed.
std::unique_ptr<SimulatedDisk> DiskOfAKilledLog() {
  SimulatedDisk disk;
  CHECK(disk.CreateDirectories("/data"));
  wal::Config config = wal::SmallConfig();
  config.directory = "/data/wal";
  wal::TestLog log(disk, config);
  CHECK(log.OpenAndStart());
  for (std::uint64_t id = 1; id <= 80; ++id) CHECK(log.Put(wal::PayloadOf(id, 3000)));
  return disk.AfterKill();
}

void Flip(SimulatedDisk& disk, const std::filesystem::path& path, std::uint64_t offset) {
  Bytes bytes = *disk.ReadAll(path, 1_MiB);
  bytes[offset] ^= std::byte{1};
  disk.SetContent(path, std::move(bytes));
}

TEST(LiveBytes, EachOfTheLogMatters) {
  const auto disk = DiskOfAKilledLog();
  const auto live = FindLiveBytes("/data", /*of_log_only=*/true, *disk);
  ASSERT_TRUE(live) << live.error().message;
  EXPECT_EQ(live->size(), 79U) << "the last frame was not known to be durable";
  ASSERT_TRUE(wal::Verify(*disk, "/data/wal")->sound());
  for (const LiveBytes& bytes : *live) {
    EXPECT_EQ(bytes.kind, "log");
    for (const std::uint64_t offset : {bytes.begin, (bytes.begin + bytes.end) / 2, bytes.end - 1}) {
      Flip(*disk, "/data" / bytes.file, offset);
      const auto verified = wal::Verify(*disk, "/data/wal");
      EXPECT_TRUE(!verified || !verified->sound()) << bytes.file << " at " << offset;
      Flip(*disk, "/data" / bytes.file, offset);
    }
  }
  EXPECT_TRUE(wal::Verify(*disk, "/data/wal")->sound());
}

TEST(LiveBytes, OfGenerationsTheNewestAndOfPartsAll) {
  const auto disk = DiskOfAKilledLog();
  for (const char* folder : {"parts/default/logs", "manifest/default", "carry", "quarantine"}) {
    ASSERT_TRUE(disk->CreateDirectories(std::filesystem::path("/data") / folder));
  }
  for (const char* file : {"wal/cursors", "dedup.state", "parts/default/logs/1-2.parquet",
                           "parts/default/logs/3-4.parquet", "manifest/default/1.manifest",
                           "manifest/default/2.manifest", "carry/7.carry", "quarantine/x"}) {
    disk->SetContent(std::filesystem::path("/data") / file, Bytes(100));
  }
  const auto live = FindLiveBytes("/data", /*of_log_only=*/false, *disk);
  ASSERT_TRUE(live) << live.error().message;
  std::map<std::string, std::string_view> kinds;
  for (const LiveBytes& bytes : *live) {
    if (bytes.kind != "log") kinds.emplace(bytes.file, bytes.kind);
  }
  const std::map<std::string, std::string_view> expected = {
      {"wal/cursors", "cursors"},
      {"dedup.state", "dedup"},
      {"parts/default/logs/1-2.parquet", "part"},
      {"parts/default/logs/3-4.parquet", "part"},
      {"manifest/default/2.manifest", "manifest"},
      {"carry/7.carry", "carry"}};
  EXPECT_EQ(kinds, expected);
}

}  // namespace
}  // namespace strata::app
