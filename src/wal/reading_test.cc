// Reading a log: from far inside a segment, when its footer is gone, and when a call fails.
#include <cerrno>

#include <gtest/gtest.h>

#include "wal/inspect.h"
#include "wal/segment.h"
#include "wal/test_log.h"

namespace strata::wal {
namespace {

using os::SimulatedDisk;
using Frames = std::map<Position, std::string>;

constexpr std::uint64_t kFrames = 400;

// Segments of more than one place to begin at (kPlaceEveryBytes).
Config LargeSegments() {
  Config config = SmallConfig();
  config.segment_bytes = 4_MiB;
  config.max_bytes = 16_MiB;
  return config;
}

std::string PayloadAt(Position position) {
  return PayloadOf(position, 9'000);
}

void Fill(TestLog& log) {
  ASSERT_TRUE(log.OpenAndStart());
  for (Position position = 1; position <= kFrames; ++position) {
    ASSERT_EQ(*log.Put(PayloadAt(position)), position);
  }
}

Result<Frames> ReadFrames(Log& log, Position from, Position to) {
  Frames frames;
  ASSIGN_OR_RETURN(const ReadOutcome outcome,
                   log.Read(from, to, [&](const FrameView& frame) -> Status {
                     frames.emplace(frame.position, AsText(frame.payload));
                     return Done{};
                   }));
  if (!outcome.lost.empty()) return Error{Code::kCorrupt, "lost"};
  return frames;
}

void ExpectFrames(Log& log, Position from, Position to) {
  const auto frames = ReadFrames(log, from, to);
  ASSERT_TRUE(frames) << frames.error().message;
  EXPECT_EQ(frames->size(), to - from + 1);
  for (const auto& [position, payload] : *frames) EXPECT_EQ(payload, PayloadAt(position));
}

// How often the disk was asked meanwhile.
template <class Work>
std::uint64_t Operations(const SimulatedDisk& disk, const Work& work) {
  const std::uint64_t before = disk.operations();
  work();
  return disk.operations() - before;
}

std::string FirstSegment() {
  return std::string(kTestFolder) + "/" + SegmentName(1);
}

Footer FooterOf(const Bytes& segment) {
  bool damaged = false;
  const SegmentHeader header = *DecodeHeaderBlock(ByteSpan(segment).first(kBlockBytes), &damaged);
  return *DecodeTrailer(ByteSpan(segment).last(kTrailerBytes), header, segment.size());
}

// Whether the log runs and knows its places, or learns them from a footer.
TEST(Reading, FarIntoASegmentBeginsNear) {
  SimulatedDisk disk;
  TestLog log(disk, LargeSegments());
  Fill(log);
  const auto whole = Operations(disk, [&] { ExpectFrames(*log, 1, 300); });
  EXPECT_LT(2 * Operations(disk, [&] { ExpectFrames(*log, 290, 300); }), whole);
  log->Stop();
  log.Close();
  TestLog next(disk, LargeSegments());
  ASSERT_TRUE(next.Open());
  ExpectFrames(*next, 290, 300);  // reads the footer
  EXPECT_LT(2 * Operations(disk, [&] { ExpectFrames(*next, 290, 300); }), whole);
  ExpectFrames(*next, 2, 5);
  EXPECT_EQ(ReadFrames(*next, 0, 5).error().code, Code::kNotFound);
}

// After the log was opened: entries or trailer of a footer change.
TEST(Reading, ADamagedFooterCostsNoFrame) {
  SimulatedDisk disk;
  {
    TestLog log(disk, LargeSegments());
    Fill(log);
    log->Stop();
  }
  const Bytes good = disk.Content(FirstSegment());
  const Footer footer = FooterOf(good);
  ASSERT_GT(footer.last, 300U);
  for (const std::uint64_t at : {footer.entries_offset + 9, good.size() - kTrailerBytes + 30}) {
    disk.SetContent(FirstSegment(), good);
    TestLog log(disk, LargeSegments());
    ASSERT_TRUE(log.Open());
    Bytes bytes = good;
    bytes[at] ^= std::byte{1};
    disk.SetContent(FirstSegment(), bytes);
    ExpectFrames(*log, 290, 300);
    Position headers = 0;
    const auto read = log->ReplayHeaders(0, [&](Position position, const FrameInfo&) -> Status {
      EXPECT_EQ(position, ++headers);
      return Done{};
    });
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(headers, kFrames);
    EXPECT_TRUE(read->lost.empty());
  }
}

// Calls `read` with its n-th call on the disk failing, for every n. It may say so or do without
// the call, but is never wrong: `read` checks what it gets.
template <class Read>
void FailEachCall(SimulatedDisk& disk, const Read& read) {
  bool reached = true;
  std::uint64_t told = 0;
  for (std::uint64_t call = 1; reached; ++call) {
    disk.FailAt(call, EIO, SimulatedDisk::Repeat::kOnce);
    Status done = Done{};
    reached = Operations(disk, [&] { done = read(); }) >= call;
    disk.ClearFault();
    if (done) continue;
    ++told;
    EXPECT_EQ(done.error().code, Code::kIo) << "call " << call << ": " << done.error().message;
  }
  EXPECT_GT(told, 0U);
}

TEST(Reading, ACallThatFailsIsNoDamage) {
  SimulatedDisk disk;
  {
    TestLog log(disk, LargeSegments());
    Fill(log);
    log->Stop();
  }
  FailEachCall(disk, [&]() -> Status {
    ASSIGN_OR_RETURN(const Verification verification, Verify(disk, kTestFolder));
    EXPECT_TRUE(verification.sound());
    EXPECT_EQ(verification.frames, kFrames);
    return Done{};
  });
  FailEachCall(disk, [&]() -> Status {
    ASSIGN_OR_RETURN(const Inspection inspection, Inspect(disk, kTestFolder, {.frames = true}));
    EXPECT_TRUE(inspection.report.damage.empty());
    EXPECT_EQ(inspection.segments.at(0).listing.size(), inspection.segments.at(0).frames);
    return Done{};
  });
  FailEachCall(disk, [&]() -> Status {
    TestLog log(disk, LargeSegments());
    RETURN_IF_ERROR(log.Open());
    ASSIGN_OR_RETURN(const Frames frames, ReadFrames(*log, 250, 260));
    EXPECT_EQ(frames.size(), 11U);
    ASSIGN_OR_RETURN(const ReadOutcome headers,
                     log->ReplayHeaders(0, [](Position, const FrameInfo&) { return Done{}; }));
    EXPECT_EQ(headers.frames, kFrames);
    EXPECT_TRUE(log->recovery().damage.empty());
    return Done{};
  });
}

TEST(Reading, AVisitorsErrorEndsTheWalkOverHeaders) {
  SimulatedDisk disk;
  TestLog log(disk, LargeSegments());
  Fill(log);
  const auto stopped = [](Position, const FrameInfo&) -> Status {
    return Error{Code::kTimeout, "enough"};
  };
  log->Stop();
  log.Close();
  // From a footer, and from the frames of a segment that was left open.
  for (const bool closed : {true, false}) {
    if (!closed) {
      Bytes bytes = disk.Content(FirstSegment());
      bytes.back() ^= std::byte{1};
      bytes[bytes.size() - kTrailerBytes] ^= std::byte{1};
      disk.SetContent(FirstSegment(), bytes);
    }
    TestLog next(disk, LargeSegments());
    ASSERT_TRUE(next.Open());
    EXPECT_EQ(next->ReplayHeaders(0, stopped).error().code, Code::kTimeout) << closed;
  }
}

TEST(Reading, OnlyAFolderIsALog) {
  SimulatedDisk disk;
  disk.SetContent("/file", Bytes(3));
  EXPECT_EQ(Inspect(disk, "/file", {}).error().message, "/file is no folder");
  EXPECT_EQ(Verify(disk, "/file").error().code, Code::kNotFound);
}

}  // namespace
}  // namespace strata::wal
