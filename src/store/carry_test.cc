#include "store/carry.h"

#include <cerrno>
#include <set>

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

TEST(CarryIndex, HexOfTheDocs) {
  const CarryIndex index{.number = 3,
                         .through = 1000,
                         .salt = 0x01020304,
                         .entries = {{.position = 7, .collection = 2, .records = 5}}};
  const Bytes bytes = EncodeCarryIndex(index);
  EXPECT_EQ(Hex(bytes),
            "5354524154414349"  // magic "STRATACI"
            "01000000"          // version
            "7342393f"          // checksum
            "0300000000000000"  // number
            "e803000000000000"  // through
            "04030201"          // salt
            "00000000"          // reserved
            "0700000000000000"  // position
            "02000000"          // collection
            "05000000"          // records
  );
  EXPECT_EQ(*DecodeCarryIndex(bytes, 3), index);
  EXPECT_FALSE(DecodeCarryIndex(bytes, 4)) << "of another file";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes bad = bytes;
    bad[i] ^= std::byte{0x40};
    EXPECT_FALSE(DecodeCarryIndex(bad, 3)) << "byte " << i;
    EXPECT_FALSE(DecodeCarryIndex(ByteSpan(bytes).first(i), 3)) << i << " bytes";
  }
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
            RETURN_IF_ERROR(visit(Frame(position, payload)));
          }
          return Done{};
        },
        through);
  }
  using Positions = std::vector<Position>;
  static wal::FrameView Frame(Position position, const Bytes& payload) {
    return {.position = position,
            .info = {.collection_id = static_cast<model::CollectionId>(position % 10),
                     .record_count = static_cast<std::uint32_t>(position),
                     .received_ns = 5,
                     .request_hash = {.low = position, .high = 1}},
            .payload = payload};
  }
  // What a replay hands over, with a log that has the frames `in_log`.
  Positions Held() {
    Positions positions;
    const auto from_log = [&](Position position, const wal::FrameVisitor& visit) -> Status {
      if (!in_log.contains(position)) return Error{Code::kNotFound, "released"};
      return visit(Frame(position, Bytes(300 + position, std::byte{7})));
    };
    const auto all = [&](const wal::FrameVisitor& visit) -> Status {
      for (const Position position : in_log) RETURN_IF_ERROR(from_log(position, visit));
      return Done{};
    };
    const Carry::Log log{.at = from_log, .through = all};
    auto replayed = carry->Replay(SealedOf(), log, [&](const wal::FrameView& frame) -> Status {
      EXPECT_EQ(frame.payload.size(), 300 + frame.position);
      EXPECT_EQ(frame.info.request_hash.low, frame.position);
      positions.push_back(frame.position);
      return Done{};
    });
    EXPECT_TRUE(replayed);
    lost.clear();
    lost_unnamed = replayed->lost_unnamed;
    for (const CarryEntry& entry : replayed->lost) {
      EXPECT_EQ(entry.collection, entry.position % 10);
      EXPECT_EQ(entry.records, entry.position);
      lost.push_back(entry.position);
    }
    return positions;
  }
  std::set<Position> in_log;
  Positions lost;  // by the last Held()
  std::uint64_t lost_unnamed = 0;
  CarryOutcome Read(std::uint64_t number) {
    const auto outcome =
        ReadCarry("d/carry", number, disk, [](const wal::FrameView&) -> Status { return Done{}; });
    CHECK(outcome.has_value());
    return *outcome;
  }
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
  for (std::uint64_t n = 1; n <= 11; ++n) {
    disk.FailChangeAt(n, EIO, os::SimulatedDisk::Repeat::kOnce);
    const bool replaced = Replace({22}, 30).has_value();
    disk.ClearFault();
    if (replaced) break;
    EXPECT_EQ(carry->through(), 20U);
    EXPECT_EQ(Held(), Positions{11});
    EXPECT_EQ(disk.Files().size(), 2U) << "change " << n << ": the attempt takes no room";
  }
  ASSERT_TRUE(Replace({}, 30));
  ASSERT_TRUE(Open());
  EXPECT_EQ(carry->through(), 30U);
}

constexpr char kFile[] = "d/carry/00000000000000000001.carry";
constexpr char kIndex[] = "d/carry/00000000000000000001.index";

// Whatever one byte of the file does: it is noticed, and what does not read is named.
TEST_F(CarryTest, EveryFlippedByteIsNoticed) {
  ASSERT_TRUE(Replace({1, 2, 3}, 9));
  ASSERT_TRUE(Read(1).sound());
  const Bytes good = disk.Content(kFile);
  std::uint64_t frames_lost = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= std::byte{0x20};
    disk.SetContent(kFile, bad);
    const CarryOutcome outcome = Read(1);
    EXPECT_FALSE(outcome.sound()) << "byte " << i;
    EXPECT_EQ(outcome.header.through, 9U) << "byte " << i;
    EXPECT_EQ(outcome.frames + outcome.lost.size(), 3U) << "byte " << i;
    EXPECT_LE(outcome.lost.size(), 1U) << "byte " << i;
    frames_lost += outcome.lost.size();
  }
  EXPECT_GT(frames_lost, good.size() / 2);
}

// An older file under a newer one's name would hide what is in that one.
TEST_F(CarryTest, AnOlderFileUnderAnotherNameIsNotBelieved) {
  ASSERT_TRUE(Replace({1, 2, 3}, 9));
  const Bytes older = disk.Content(kFile);
  ASSERT_TRUE(Replace({14}, 20));
  const std::string path = "d/carry/" + CarryFileName(2);
  disk.SetContent(path, older);
  const CarryOutcome outcome = Read(2);
  EXPECT_EQ(outcome.frames, 0U);
  EXPECT_NE(outcome.damage.find("of carry file 1"), std::string::npos) << outcome.damage;
  ASSERT_EQ(outcome.lost.size(), 4U) << "the index has them all";
  EXPECT_EQ(outcome.lost[3].position, 14U);
  ASSERT_TRUE(disk.Remove("d/carry/" + CarryIndexName(2)));
  EXPECT_FALSE(Read(2).readable);
}

// A block that was written to the place of another one of the same file.
TEST_F(CarryTest, AFrameThatStandsThereTwiceIsServedOnce) {
  ASSERT_TRUE(Replace({1, 2, 3}, 9));
  Bytes bytes = disk.Content(kFile);
  const auto size = [](Position position) {
    return wal::AlignUp(wal::kFrameHeaderBytes + 300 + position, wal::kFrameAlignment);
  };
  const auto first = bytes.begin() + kCarryHeaderBytes;
  std::copy_n(first, size(1), first + static_cast<std::ptrdiff_t>(size(1)));
  disk.SetContent(kFile, bytes);
  const CarryOutcome outcome = Read(1);
  EXPECT_EQ(outcome.frames, 2U);
  ASSERT_EQ(outcome.lost.size(), 1U);
  EXPECT_EQ(outcome.lost[0].position, 2U);
}

// The other way round: what stands between is still served.
TEST_F(CarryTest, AFrameThatStandsTooEarlyHidesNoOther) {
  ASSERT_TRUE(Replace({1, 2, 3, 4}, 9));
  Bytes bytes = disk.Content(kFile);
  const std::size_t frame = wal::AlignUp(wal::kFrameHeaderBytes + 304, wal::kFrameAlignment);
  const auto first = bytes.begin() + kCarryHeaderBytes;
  std::copy_n(first + static_cast<std::ptrdiff_t>(3 * frame), frame, first);
  disk.SetContent(kFile, bytes);
  const CarryOutcome outcome = Read(1);
  EXPECT_EQ(outcome.frames, 3U) << outcome.damage;
  ASSERT_EQ(outcome.lost.size(), 1U);
  EXPECT_EQ(outcome.lost[0].position, 1U);
}

TEST_F(CarryTest, ADamagedIndexLosesNothing) {
  ASSERT_TRUE(Replace({1, 2, 3}, 9));
  const Bytes good = disk.Content(kIndex);
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= std::byte{0x20};
    disk.SetContent(kIndex, bad);
    const CarryOutcome outcome = Read(1);
    EXPECT_FALSE(outcome.index_damage.empty()) << "byte " << i;
    EXPECT_EQ(outcome.frames, 3U);
    EXPECT_EQ(outcome.lost_unnamed, 0U);
  }
}

TEST_F(CarryTest, WhatDoesNotReadComesFromTheLogOrIsNamed) {
  ASSERT_TRUE(Replace({1, 2, 3}, 9));
  Bytes bad = disk.Content(kFile);
  for (const Position position : {1U, 2U}) {
    const std::size_t at =
        kCarryHeaderBytes + (position - 1) * wal::AlignUp(wal::kFrameHeaderBytes + 301, 8);
    bad[at + wal::kFrameHeaderBytes + 10] ^= std::byte{1};
  }
  disk.SetContent(kFile, bad);
  in_log = {2, 3};
  ASSERT_TRUE(Open());
  EXPECT_TRUE(carry->damaged());
  EXPECT_EQ(Held(), (Positions{2, 3}));
  EXPECT_EQ(lost, (Positions{1}));
  sealed[2] = 2;
  carry->DropIfSealed(SealedOf());
  EXPECT_TRUE(carry->damaged()) << "frame 3 is not sealed";
  sealed[3] = 3;
  carry->DropIfSealed(SealedOf());
  EXPECT_EQ(disk.Content("d/quarantine/carry/" + CarryFileName(1)), bad);
  EXPECT_FALSE(carry->damaged());
  ASSERT_TRUE(Replace({14}, 20));
  EXPECT_EQ(Held(), (Positions{14}));
}

// The process died between the file and its index.
TEST_F(CarryTest, AFileWithoutAnIndexGetsOne) {
  ASSERT_TRUE(Replace({1, 2, 3}, 9));
  const Bytes index = disk.Content(kIndex);
  ASSERT_TRUE(disk.Remove(kIndex));
  ASSERT_TRUE(Open());
  EXPECT_FALSE(carry->damaged());
  EXPECT_EQ(disk.Content(kIndex), index);
  // When that fails, no segment may be released on it.
  ASSERT_TRUE(disk.Remove(kIndex));
  disk.FailChangeAt(2, EIO, os::SimulatedDisk::Repeat::kForEver);
  ASSERT_TRUE(Open());
  disk.ClearFault();
  EXPECT_TRUE(carry->damaged());
  EXPECT_EQ(Held(), (Positions{1, 2, 3}));
}

// A frame's header names it, the log has it, or it is counted at least.
TEST_F(CarryTest, WithoutAnIndexNothingIsForgotten) {
  ASSERT_TRUE(Replace({1, 2, 3}, 9));
  ASSERT_TRUE(disk.Remove(kIndex));
  const Bytes good = disk.Content(kFile);
  for (std::size_t i = kCarryHeaderBytes; i + kCarryHeaderBytes < good.size(); i += 3) {
    Bytes bad = good;
    bad[i] ^= std::byte{0x20};
    disk.SetContent(kFile, bad);
    in_log = {};
    ASSERT_TRUE(Open());
    const Positions held = Held();
    EXPECT_EQ(held.size() + lost.size() + lost_unnamed, 3U) << "byte " << i;
    in_log = {1, 2, 3};
    ASSERT_TRUE(Open());
    EXPECT_EQ(Held(), (Positions{1, 2, 3})) << "byte " << i;
    EXPECT_EQ(lost.size() + lost_unnamed, 0U) << "byte " << i;
  }
}

TEST_F(CarryTest, AFileThatIsGoneZeroedOrCutIsNamedByItsIndex) {
  ASSERT_TRUE(Replace({1, 2, 3}, 9));
  const Bytes good = disk.Content(kFile);
  disk.SetContent(kFile, Bytes(good.size()));
  ASSERT_TRUE(Open());
  EXPECT_EQ(Held(), Positions());
  EXPECT_EQ(lost, (Positions{1, 2, 3}));
  EXPECT_EQ(carry->through(), 9U);
  for (std::size_t size = 0; size < good.size(); size += 7) {
    disk.SetContent(kFile, Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)));
    ASSERT_TRUE(Open());
    const Positions held = Held();
    EXPECT_EQ(held.size() + lost.size(), 3U) << size << " bytes";
    EXPECT_TRUE(carry->damaged()) << size << " bytes";
  }
  ASSERT_TRUE(disk.Remove(kFile));
  ASSERT_TRUE(Open());
  EXPECT_EQ(Held(), Positions());
  EXPECT_EQ(lost, (Positions{1, 2, 3}));
  in_log = {1, 2, 3};
  ASSERT_TRUE(Open());
  EXPECT_EQ(Held(), (Positions{1, 2, 3}));
  EXPECT_EQ(lost, Positions());
}

TEST_F(CarryTest, AnIndexWithoutItsFileIsAnAttemptThatWasCutShort) {
  ASSERT_TRUE(Replace({1, 2}, 9));
  const Bytes index =
      EncodeCarryIndex({.number = 2, .through = 20, .salt = 1, .entries = {{1, 1, 1}, {15, 5, 1}}});
  disk.SetContent("d/carry/" + CarryIndexName(2), index);
  ASSERT_TRUE(Open());
  EXPECT_FALSE(carry->damaged());
  EXPECT_EQ(carry->through(), 9U);
  EXPECT_EQ(Held(), (Positions{1, 2}));
  ASSERT_TRUE(Replace({15}, 20));
  EXPECT_EQ(carry->number(), 3U) << "a number is not used twice";
}

// Found by killing the real process: an index that outlived its file was called damage.
TEST_F(CarryTest, AProcessThatDiesAtAnyCallLeavesNothingThatLooksDamaged) {
  std::vector<std::unique_ptr<os::SimulatedDisk>> left;
  disk.SetWatch([&](const os::SimulatedDisk::Moment& moment) {
    left.push_back(moment.AfterPowerLoss([] { return true; }));
  });
  ASSERT_TRUE(Replace({1, 2}, 9));
  ASSERT_TRUE(Replace({13}, 20));
  sealed[1] = sealed[2] = sealed[3] = 13;
  carry->DropIfSealed(SealedOf());
  disk.SetWatch({});
  EXPECT_TRUE(disk.Files().empty());
  EXPECT_GT(left.size(), 15U);
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto opened = Carry::Open("d", *left[i], clock);
    ASSERT_TRUE(opened) << "call " << i << ": " << opened.error().message;
    EXPECT_FALSE((*opened)->damaged()) << "call " << i;
  }
}

TEST_F(CarryTest, AFileOfWhichNothingCanBeToldGoesToQuarantine) {
  ASSERT_TRUE(Replace({1}, 9));
  const Bytes zeros(disk.Content(kFile).size());
  disk.SetContent(kFile, zeros);
  disk.SetContent(kIndex, Bytes(3));
  ASSERT_TRUE(Open());
  EXPECT_EQ(carry->number(), 0U);
  EXPECT_EQ(carry->through(), 0U) << "the log is replayed from its beginning";
  EXPECT_EQ(Held(), Positions());
  EXPECT_EQ(disk.Content("d/quarantine/carry/" + CarryFileName(1)), zeros);
  ASSERT_TRUE(Replace({14}, 20));
  EXPECT_EQ(carry->number(), 2U);
}

TEST_F(CarryTest, AFileThatTurnsOutDamagedIsNotCopied) {
  ASSERT_TRUE(Replace({1, 2}, 9));
  Bytes bad = disk.Content(kFile);
  bad[kCarryHeaderBytes + wal::kFrameHeaderBytes + 10] ^= std::byte{1};
  disk.SetContent(kFile, bad);
  EXPECT_FALSE(carry->damaged());
  const Status replaced = Replace({14}, 20);
  ASSERT_FALSE(replaced);
  EXPECT_EQ(replaced.error().code, Code::kCorrupt);
  EXPECT_TRUE(carry->damaged());
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
