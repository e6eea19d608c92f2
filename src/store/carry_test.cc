#include "store/carry.h"

#include <gtest/gtest.h>

#include "os/simulated_disk.h"
#include "store/test_rig.h"

namespace strata::store {
namespace {

std::string Hex(ByteSpan bytes) {
  std::string hex;
  for (const std::byte b : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(b));
    hex += digits;
  }
  return hex;
}

// The example of docs/formats/carry.md.
TEST(CarryFile, HexOfTheDocs) {
  Bytes header(kCarryHeaderBytes);
  EncodeCarryHeader({.number = 3, .through = 1000, .frames = 1, .bytes = 272, .salt = 0x01020304},
                    header);
  EXPECT_EQ(Hex(header),
            "5354524154414346"          // magic "STRATACF"
            "01000000"                  // version
            "b3c12df9"                  // checksum
            "0300000000000000"          // number
            "e803000000000000"          // through
            "0100000000000000"          // frames
            "1001000000000000"          // bytes
            "04030201"                  // salt
            "000000000000000000000000"  // reserved
  );
}

struct CarryTest : testing::Test {
  os::SimulatedDisk disk;
  ManualClock clock;
  std::unique_ptr<Carry> carry;
  std::map<model::CollectionId, Position> sealed;

  void SetUp() override { ASSERT_TRUE(Open()); }
  Status Open() {
    carry.reset();
    ASSIGN_OR_RETURN(carry, Carry::Open("d", disk, clock));
    return Done{};
  }
  Carry::SealedOf SealedOf() {
    return [this](model::CollectionId id) { return sealed[id]; };
  }
  // Frames of the given positions; the collection is the position's last digit.
  Status Replace(const std::vector<Position>& positions, Position through) {
    return carry->Replace(
        SealedOf(),
        [&](const wal::FrameVisitor& visit) -> Status {
          for (const Position position : positions) {
            const Bytes payload(300 + position, std::byte{7});
            const wal::FrameInfo info{
                .collection_id = static_cast<model::CollectionId>(position % 10),
                .record_count = static_cast<std::uint32_t>(position),
                .received_ns = 5,
                .request_hash = {.low = position, .high = 1},
            };
            RETURN_IF_ERROR(visit({.position = position, .info = info, .payload = payload}));
          }
          return Done{};
        },
        through);
  }
  std::vector<Position> Held() {
    std::vector<Position> positions;
    const auto outcome = carry->Replay(SealedOf(), [&](const wal::FrameView& frame) -> Status {
      EXPECT_EQ(frame.payload.size(), 300 + frame.position);
      EXPECT_EQ(frame.info.request_hash.low, frame.position);
      positions.push_back(frame.position);
      return Done{};
    });
    EXPECT_TRUE(outcome);
    return positions;
  }
  using Positions = std::vector<Position>;
};

TEST_F(CarryTest, NothingIsCarriedAtFirst) {
  EXPECT_EQ(carry->through(), 0U);
  EXPECT_EQ(Held(), Positions());
}

TEST_F(CarryTest, FramesKeepTheirPlaceUntilTheyAreSealed) {
  ASSERT_TRUE(Replace({11, 12, 21}, 30));
  EXPECT_EQ(Held(), (Positions{11, 12, 21}));
  sealed[1] = 11;
  EXPECT_EQ(Held(), (Positions{12, 21}));
  ASSERT_TRUE(Replace({32, 33}, 40));
  ASSERT_TRUE(Open());
  EXPECT_EQ(carry->through(), 40U);
  EXPECT_EQ(Held(), (Positions{12, 21, 32, 33}));
  sealed[1] = 21;
  sealed[2] = 31;
  carry->DropIfSealed(SealedOf());
  EXPECT_EQ(Held(), (Positions{32, 33}));
  sealed[2] = sealed[3] = 33;
  carry->DropIfSealed(SealedOf());
  EXPECT_EQ(Held(), Positions());
  EXPECT_EQ(carry->through(), 40U);
  EXPECT_TRUE(disk.Files().empty());
}

TEST_F(CarryTest, AFailureLeavesTheFileBefore) {
  ASSERT_TRUE(Replace({11}, 20));
  for (std::uint64_t n = 1; n <= 6; ++n) {
    disk.FailChangeAt(n, EIO, os::SimulatedDisk::Repeat::kOnce);
    const bool replaced = Replace({22}, 30).has_value();
    disk.ClearFault();
    if (replaced) break;
    EXPECT_EQ(carry->through(), 20U);
    EXPECT_EQ(Held(), Positions{11});
  }
  ASSERT_TRUE(Replace({}, 30));
  ASSERT_TRUE(Open());
  EXPECT_EQ(carry->through(), 30U);
}

TEST_F(CarryTest, EveryFlippedByteIsNoticed) {
  ASSERT_TRUE(Replace({1, 2, 3}, 9));
  const std::string path = disk.Files().at(0);
  const Bytes good = disk.Content(path);
  std::uint64_t frames_lost = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= std::byte{0x20};
    disk.SetContent(path, bad);
    Positions read;
    const auto outcome = ReadCarryFile(path, disk, [&](const wal::FrameView& frame) -> Status {
      EXPECT_EQ(frame.payload.size(), 300 + frame.position);
      read.push_back(frame.position);
      return Done{};
    });
    ASSERT_TRUE(outcome) << "byte " << i;
    EXPECT_EQ(outcome->header.through, 9U) << "byte " << i;
    EXPECT_EQ(read.size() + outcome->lost_frames, 3U) << "byte " << i;
    EXPECT_EQ(outcome->lost_frames > 0, outcome->frames < 3);
    if (outcome->lost_frames > 0) {
      EXPECT_FALSE(outcome->damage.empty());
    }
    frames_lost += outcome->lost_frames;
  }
  EXPECT_GT(frames_lost, good.size() / 2);
}

TEST_F(CarryTest, ADamagedFileIsServedAndThenQuarantined) {
  ASSERT_TRUE(Replace({1, 2, 3}, 9));
  const std::string path = disk.Files().at(0);
  Bytes bad = disk.Content(path);
  bad[kCarryHeaderBytes + wal::kFrameHeaderBytes + 10] ^= std::byte{1};
  disk.SetContent(path, bad);
  ASSERT_TRUE(Open());
  EXPECT_EQ(Held(), (Positions{2, 3}));
  ASSERT_TRUE(Replace({14}, 20));
  EXPECT_EQ(Held(), (Positions{2, 3, 14}));
  EXPECT_EQ(disk.Content("d/quarantine/" + CarryFileName(1)), bad);
}

TEST_F(CarryTest, AFileOfWhichNothingCanBeToldStopsTheStart) {
  ASSERT_TRUE(Replace({1}, 9));
  const std::string path = disk.Files().at(0);
  disk.SetContent(path, Bytes(disk.Content(path).size()));
  const Status opened = Open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kCorrupt);
  EXPECT_NE(opened.error().message.find(path), std::string::npos);
}

TEST_F(CarryTest, LargeFilesAreWrittenInChunks) {
  Positions positions;
  for (Position p = 1; p <= 3000; ++p) positions.push_back(p);
  ASSERT_TRUE(Replace(positions, 3000));
  ASSERT_TRUE(Open());
  EXPECT_GT(carry->bytes(), 4U << 20);
  EXPECT_EQ(Held(), positions);
}

}  // namespace
}  // namespace strata::store
