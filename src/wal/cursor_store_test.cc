// The file of cursors, when it is not what was written.
#include "wal/cursor_store.h"

#include <cerrno>

#include <gtest/gtest.h>

#include "os/simulated_disk.h"
#include "wal/segment.h"

namespace strata::wal {
namespace {

using os::SimulatedDisk;

const std::filesystem::path kPath = std::filesystem::path("/log") / kCursorsName;

// A store whose file holds a cursor.
struct Stored {
  SimulatedDisk disk;
  CursorStore store{disk, kPath, {}};

  Stored() {
    CHECK(disk.CreateDirectories("/log"));
    CHECK(store.Begin({.low = 1, .high = 2}, 0));
    CHECK(store.Set("sealer", 7));
  }
  Result<CursorTable> InFile() {
    ASSIGN_OR_RETURN(const Bytes bytes, disk.ReadAll(kPath, kCursorFileBytesMax));
    return DecodeCursors(bytes);
  }
};

TEST(CursorStore, TakesNoMoreThanItsFileHolds) {
  SimulatedDisk disk;
  CursorTable table;
  for (std::size_t i = 0; i < kConsumersMax; ++i) table.cursors.emplace(std::to_string(i), 1);
  CursorStore store(disk, kPath, table);
  EXPECT_EQ(store.Set("another", 1).error().code, Code::kTooLarge);
  EXPECT_EQ(store.Set(std::string(kConsumerNameBytesMax + 1, 'x'), 1).error().code,
            Code::kInvalidInput);
}

TEST(CursorStore, AScrubWritesAgainWhatIsGoneOrTooLarge) {
  Stored stored;
  EXPECT_FALSE(*stored.store.Scrub());
  ASSERT_TRUE(stored.disk.Remove(kPath));
  EXPECT_TRUE(*stored.store.Scrub());
  EXPECT_EQ(*stored.InFile(), stored.store.table());
  stored.disk.SetContent(kPath, Bytes(kCursorFileBytesMax + 1));
  EXPECT_TRUE(*stored.store.Scrub());
  EXPECT_EQ(*stored.InFile(), stored.store.table());
  const auto kept =
      stored.disk.GetStat(std::filesystem::path("/log") / kQuarantineName / kCursorsName);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->size, kCursorFileBytesMax + 1);
}

TEST(CursorStore, ACallThatFailsIsNoDamage) {
  Stored stored;
  stored.disk.FailAt(1, EIO, SimulatedDisk::Repeat::kOnce);
  EXPECT_EQ(stored.store.Scrub().error().code, Code::kIo);
  EXPECT_FALSE(*stored.disk.Exists(std::filesystem::path("/log") / kQuarantineName));
  EXPECT_FALSE(*stored.store.Scrub());
}

TEST(CursorStore, BeforeTheFirstWriteThereIsNothingToScrub) {
  SimulatedDisk disk;
  CursorStore store(disk, kPath, {});
  EXPECT_FALSE(*store.Scrub());
}

}  // namespace
}  // namespace strata::wal
