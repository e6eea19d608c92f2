// Bytes that changed behind the log's back: found, reported exactly, and everything else is served.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "base/every_case.h"
#include "wal/inspect.h"
#include "wal/segment.h"
#include "wal/test_log.h"

namespace strata::wal {
namespace {

using os::SimulatedDisk;
using Frames = std::map<Position, std::string>;

Config TinyConfig() {
  return {.directory = kTestFolder,
          .segment_bytes = 32_KiB,
          .spare_segments = 1,
          .max_bytes = 512_KiB,
          .frame_bytes_max = 4_KiB,
          .group_bytes_max = 8_KiB,
          .queue_bytes_max = 1_MiB,
          .salt_seed = 11};
}

struct Place {
  std::uint64_t offset = 0;
  std::uint64_t end = 0;
  Position position = 0;
};

// A log of three segments: two closed, and one that a crash left open or not.
struct Built {
  std::unique_ptr<SimulatedDisk> disk;
  Frames frames;
  std::vector<std::string> paths;          // of the segments
  std::vector<std::vector<Place>> places;  // of their frames
  std::vector<std::uint64_t> frames_ends;
};

Built Build(bool closed, bool checkpoint) {
  Built built;
  SimulatedDisk disk;
  TestLog log(disk, TinyConfig());
  CHECK(log.OpenAndStart());
  // Groups of up to three frames until the third segment holds four; the newest group has one.
  std::uint64_t id = 0;
  for (bool enough = false; !enough;) {
    std::vector<TestAppend*> appends;
    for (int i = 0; i < 3; ++i) {
      ++id;
      appends.push_back(&log.Submit(PayloadOf(id, 100 + 311 * id % 1700)));
    }
    for (TestAppend* append : appends) {
      log.hooks().AwaitSettled(*append);
      CHECK(append->status);
      built.frames[append->append.position] = append->payload;
    }
    const auto segments = log->Segments();
    enough = segments.size() >= 3 && segments[2].state == SegmentState::kActive &&
             segments[2].last >= segments[2].first + 3;
  }
  const std::string newest = PayloadOf(++id, 500);
  built.frames[*log.Put(newest)] = newest;
  while (log->Segments()[1].state != SegmentState::kClosed) std::this_thread::yield();
  if (checkpoint) CHECK(log->Checkpoint("sink", log->published()));
  if (closed) log->Stop();
  built.disk = disk.AfterKill();
  auto inspection = Inspect(*built.disk, kTestFolder, {.frames = true});
  CHECK(inspection);
  for (const SegmentListing& segment : inspection->segments) {
    if (segment.frames == 0) continue;
    built.paths.push_back(std::string(kTestFolder) + "/" + segment.info.name);
    built.frames_ends.push_back(segment.info.used_bytes);
    auto& places = built.places.emplace_back();
    for (const FrameListing& frame : segment.listing) {
      places.push_back({.offset = frame.offset,
                        .end = frame.offset + frame.header.SizeBytes(),
                        .position = frame.header.position});
    }
  }
  // How frames fell into groups decides where the newest one landed; a fourth segment is not
  // wanted.
  return built.paths.size() == 3 ? std::move(built) : Build(closed, checkpoint);
}

struct Seen {
  Frames frames;
  std::set<Position> lost;
  RecoveryReport report;
};

Result<Seen> Look(SimulatedDisk& disk) {
  TestLog log(disk, TinyConfig());
  RETURN_IF_ERROR(log.Open());
  Seen seen;
  ReadOutcome outcome;
  ASSIGN_OR_RETURN(seen.frames, log.ReplayAll(&outcome));
  for (const PositionRange& range : outcome.lost) {
    for (Position p = range.first; p <= range.last; ++p) seen.lost.insert(p);
  }
  seen.report = log->recovery();
  return seen;
}

// What is served is what was written; what is not served and not cut as torn is reported as lost.
std::string Compare(const Built& built, const Seen& seen) {
  for (const auto& [position, payload] : seen.frames) {
    const auto found = built.frames.find(position);
    if (found == built.frames.end()) return "a frame that was never written";
    if (found->second != payload) return "other bytes at " + std::to_string(position);
  }
  for (const auto& [position, payload] : built.frames) {
    const bool served = seen.frames.contains(position);
    const bool lost = seen.lost.contains(position);
    if (served && lost) return std::to_string(position) + " is served and reported as lost";
    if (!served && !lost && position <= seen.report.last) {
      return std::to_string(position) + " is gone in silence";
    }
  }
  for (const Damage& damage : seen.report.damage) {
    for (Position p = damage.lost.first; p <= damage.lost.last; ++p) {
      if (!seen.lost.contains(p)) return "the report and the walk differ";
    }
  }
  return "";
}

// The position whose header or payload contains the byte at `offset`, 0 when none does.
Position At(const std::vector<Place>& places, std::uint64_t offset) {
  for (const Place& place : places) {
    if (offset >= place.offset && offset < place.end) return place.position;
  }
  return 0;
}

TEST(Damage, EveryByteOfAClosedSegment) {
  const Built built = Build(true, false);
  const Bytes good = built.disk->Content(built.paths[1]);
  for (std::size_t at = 0; at < good.size(); at += kNextCase) {
    Bytes bytes = good;
    bytes[at] ^= std::byte{0x10};
    built.disk->SetContent(built.paths[1], std::move(bytes));
    const auto seen = Look(*built.disk);
    ASSERT_TRUE(seen) << at << ": " << seen.error().message;
    ASSERT_EQ(Compare(built, *seen), "") << "byte " << at;
    const Position hit = At(built.places[1], at);
    ASSERT_EQ(seen->lost, hit == 0 ? std::set<Position>{} : std::set<Position>{hit})
        << "byte " << at;
    ASSERT_EQ(seen->frames.size(), built.frames.size() - (hit == 0 ? 0 : 1)) << "byte " << at;
    // Behind the frames stands the footer: without it the segment is walked, and nothing is lost.
    if (at < built.frames_ends[1]) {
      ASSERT_EQ(seen->report.damage.size(), 1U) << "byte " << at;
    }
  }
}

TEST(Damage, EveryByteOfASegmentThatACrashLeftOpen) {
  for (const bool checkpoint : {false, true}) {
    const Built built = Build(false, checkpoint);
    const Bytes good = built.disk->Content(built.paths[2]);
    const Position last = built.frames.rbegin()->first;
    for (std::size_t at = 0; at < built.frames_ends[2]; at += kNextCase) {
      Bytes bytes = good;
      bytes[at] ^= std::byte{0x10};
      built.disk->SetContent(built.paths[2], std::move(bytes));
      const auto seen = Look(*built.disk);
      ASSERT_TRUE(seen) << at << ": " << seen.error().message;
      ASSERT_EQ(Compare(built, *seen), "") << "byte " << at;
      const Position hit = At(built.places[2], at);
      // Nothing vouches for the newest frame but a cursor: without one it is taken for a torn tail.
      const bool torn = hit == last && !checkpoint;
      ASSERT_EQ(seen->lost, hit == 0 || torn ? std::set<Position>{} : std::set<Position>{hit})
          << "byte " << at;
      ASSERT_EQ(seen->frames.size(), built.frames.size() - (hit == 0 ? 0 : 1)) << "byte " << at;
    }
  }
}

TEST(Damage, ASegmentCutAtEveryLength) {
  const Built built = Build(false, true);
  for (const std::size_t segment : {std::size_t{1}, std::size_t{2}}) {
    const Bytes good = built.disk->Content(built.paths[segment]);
    for (std::size_t length = 0; length < good.size(); length += kNextCase) {
      built.disk->SetContent(
          built.paths[segment],
          Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length)));
      const auto seen = Look(*built.disk);
      ASSERT_TRUE(seen) << length << ": " << seen.error().message;
      ASSERT_EQ(Compare(built, *seen), "") << "length " << length;
      std::set<Position> lost;
      for (const Place& place : built.places[segment]) {
        if (place.end > length || length < kBlockBytes) lost.insert(place.position);
      }
      ASSERT_EQ(seen->lost, lost) << "segment " << segment << ", length " << length;
    }
    built.disk->SetContent(built.paths[segment], good);
  }
}

TEST(Damage, ARunOfZerosLosesWhatItCovers) {
  const Built built = Build(false, true);
  const Bytes good = built.disk->Content(built.paths[1]);
  for (std::size_t begin = kBlockBytes; begin < built.frames_ends[1]; begin += 512) {
    for (const std::size_t size : {std::size_t{512}, std::size_t{4096}, std::size_t{9000}}) {
      Bytes bytes = good;
      const std::size_t end = std::min<std::size_t>(begin + size, built.frames_ends[1]);
      std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                bytes.begin() + static_cast<std::ptrdiff_t>(end), std::byte{0});
      const bool unchanged = bytes == good;
      built.disk->SetContent(built.paths[1], std::move(bytes));
      const auto seen = Look(*built.disk);
      ASSERT_TRUE(seen);
      ASSERT_EQ(Compare(built, *seen), "") << begin;
      std::set<Position> lost;
      for (const Place& place : built.places[1]) {
        if (place.offset < end && place.end > begin && !unchanged) lost.insert(place.position);
      }
      ASSERT_EQ(seen->lost, lost) << begin << " + " << size;
    }
  }
}

// A block that was written to another place, or never written: what stood there before is whole,
// and of another time.
TEST(Damage, AMisdirectedBlockIsNotBelieved) {
  const Built built = Build(false, true);
  const Bytes good = built.disk->Content(built.paths[1]);
  const Bytes other = built.disk->Content(built.paths[0]);
  for (std::size_t to = kBlockBytes; to < built.frames_ends[1]; to += kBlockBytes) {
    for (std::size_t from = 0; from < good.size(); from += kBlockBytes) {
      for (const Bytes* source : {&good, &other}) {
        if (source == &good && from == to) continue;
        Bytes bytes = good;
        std::copy_n(source->begin() + static_cast<std::ptrdiff_t>(from), kBlockBytes,
                    bytes.begin() + static_cast<std::ptrdiff_t>(to));
        built.disk->SetContent(built.paths[1], std::move(bytes));
        const auto seen = Look(*built.disk);
        ASSERT_TRUE(seen);
        ASSERT_EQ(Compare(built, *seen), "") << from << " at " << to;
        ASSERT_FALSE(seen->lost.empty());
      }
    }
  }
}

std::uint32_t SaltOf(SimulatedDisk& disk, std::uint64_t number) {
  const auto path = std::filesystem::path(kTestFolder) / SegmentName(number);
  bool damaged = false;
  return ReadSegmentHeader(**disk.Open(path, {}), &damaged)->salt;
}

// A sender's body contains a frame of the segment that it lands in, and the header in front of the
// body breaks. Returns whether the frame in the body is then served. Its salt is that of the
// segment itself, which no sender can know, or else of the segment before.
bool IsServed(bool knows_salt) {
  constexpr std::string_view kHidden = "never sent as a frame";
  SimulatedDisk disk;
  {
    TestLog log(disk, TinyConfig());
    CHECK(log.OpenAndStart() && log.Put("the segment before"));
    log->Stop();
  }
  TestLog log(disk, TinyConfig());
  CHECK(log.OpenAndStart());
  const auto segments = log->Segments();
  const auto& active = *std::ranges::find(segments, SegmentState::kActive, &SegmentInfo::state);
  const Position position = log->published() + 1;
  std::string body(kFrameHeaderBytes, '\0');
  EncodeFrameHeader({.position = position,
                     .durable_through = position - 1,
                     .segment = active.number,
                     .payload_bytes = kHidden.size(),
                     .payload_checksum = PayloadChecksum(AsBytes(kHidden)),
                     .first_of_group = true},
                    FrameSeed(SaltOf(disk, knows_salt ? active.number : 1),
                              kFirstGroupOffset + kFrameHeaderBytes),
                    std::as_writable_bytes(std::span(body)));
  body += kHidden;
  CHECK(*log.Put(body) == position);
  CHECK(log.Put("behind it"));

  const auto killed = disk.AfterKill();
  const std::string path = std::string(kTestFolder) + "/" + active.name;
  Bytes bytes = killed->Content(path);
  bytes[kFirstGroupOffset] ^= std::byte{1};
  killed->SetContent(path, bytes);
  const auto seen = Look(*killed);
  CHECK(seen);
  EXPECT_NE(seen->frames.contains(position), seen->lost.contains(position));
  return seen->frames.contains(position) && seen->frames.at(position) == kHidden;
}

// What the salt is for. The first line shows that it is the salt alone that keeps the frame out.
TEST(Damage, AFrameInABodyIsNotBelieved) {
  EXPECT_TRUE(IsServed(/*knows_salt=*/true));
  EXPECT_FALSE(IsServed(/*knows_salt=*/false));
}

TEST(Damage, AMissingSegmentIsReportedExactly) {
  const Built built = Build(false, false);
  ASSERT_TRUE(built.disk->Remove(built.paths[1]));
  const auto seen = Look(*built.disk);
  ASSERT_TRUE(seen);
  EXPECT_EQ(Compare(built, *seen), "");
  ASSERT_EQ(seen->report.damage.size(), 1U);
  EXPECT_EQ(seen->report.damage[0].lost, (PositionRange{.first = built.places[1].front().position,
                                                        .last = built.places[1].back().position}));
}

TEST(Damage, TheOldestSegmentIsMissedToo) {
  const Built built = Build(false, false);
  ASSERT_TRUE(built.disk->Remove(built.paths[0]));
  const auto seen = Look(*built.disk);
  ASSERT_TRUE(seen);
  EXPECT_EQ(Compare(built, *seen), "");
  EXPECT_EQ(seen->lost.size(), built.places[0].size());
}

TEST(Damage, WhenBothCopiesOfAHeaderAreGoneTheSegmentIsLost) {
  const Built built = Build(true, false);
  Bytes bytes = built.disk->Content(built.paths[1]);
  std::fill(bytes.begin(), bytes.begin() + kBlockBytes, std::byte{0});
  built.disk->SetContent(built.paths[1], bytes);
  {
    TestLog log(*built.disk, TinyConfig());
    ASSERT_TRUE(log.OpenAndStart());
    ASSERT_EQ(log->recovery().damage.size(), 1U);
    EXPECT_EQ(log->recovery().damage[0].lost.first, built.places[1].front().position);
    EXPECT_EQ(log->recovery().damage[0].lost.last, built.places[1].back().position);
    EXPECT_TRUE(log.Put("life goes on"));
  }
  EXPECT_EQ(built.disk->Content(std::string(kTestFolder) + "/quarantine/" +
                                built.paths[1].substr(built.paths[1].rfind('/') + 1)),
            bytes);
}

TEST(Damage, FilesOfOthersAreSetAside) {
  const Built built = Build(true, false);
  SimulatedDisk elsewhere;
  Config config = TinyConfig();
  config.salt_seed = 99;
  {
    TestLog other(elsewhere, config);
    ASSERT_TRUE(other.OpenAndStart());
    ASSERT_TRUE(other.Put("of another log"));
  }
  const std::string folder = std::string(kTestFolder) + "/";
  const Bytes foreign = elsewhere.Content(folder + SegmentName(1));
  built.disk->SetContent(folder + SegmentName(40), foreign);
  // Its header rewritten to number 41 of the other log: only the log's id tells.
  Bytes renumbered = foreign;
  bool damaged = false;
  auto header = DecodeHeaderBlock(renumbered, &damaged);
  ASSERT_TRUE(header);
  header->number = 41;
  EncodeHeaderBlock(*header, std::span(renumbered).first(kBlockBytes));
  built.disk->SetContent(folder + SegmentName(41), renumbered);
  // A copy of an own segment under a later name.
  built.disk->SetContent(folder + SegmentName(42), built.disk->Content(built.paths[1]));

  auto seen = Look(*built.disk);
  ASSERT_TRUE(seen);
  EXPECT_EQ(Compare(built, *seen), "");
  EXPECT_TRUE(seen->lost.empty());
  ASSERT_EQ(seen->report.foreign.size(), 3U);
  std::vector<std::string> reasons;
  for (const ForeignFile& file : seen->report.foreign)
    reasons.push_back(file.name + " " + file.reason);
  std::ranges::sort(reasons);
  EXPECT_EQ(reasons, (std::vector<std::string>{SegmentName(40) + " holds segment 1",
                                               SegmentName(41) + " is of another log",
                                               SegmentName(42) + " holds segment 2"}));
  {
    TestLog log(*built.disk, TinyConfig());
    ASSERT_TRUE(log.OpenAndStart());
    EXPECT_EQ(*log.Put("next"), built.frames.size() + 1);
  }
  EXPECT_EQ(built.disk->Content(folder + "quarantine/" + SegmentName(40)), foreign);
  EXPECT_TRUE(Look(*built.disk)->report.foreign.empty());
}

// Every byte: told, kept, and written again from memory.
TEST(Log, AScrubWritesDamagedCursorsAgain) {
  SimulatedDisk disk;
  TestLog log(disk, SmallConfig());
  ASSERT_TRUE(log.OpenAndStart());
  ASSERT_TRUE(log.Put("x"));
  ASSERT_TRUE(log->Checkpoint("sink", 1));
  EXPECT_FALSE(*log->ScrubCursors());
  const std::string path = std::string(kTestFolder) + "/cursors";
  const Bytes good = disk.Content(path);
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= std::byte{4};
    disk.SetContent(path, bad);
    ASSERT_TRUE(*log->ScrubCursors()) << "byte " << i;
    EXPECT_EQ(disk.Content(path), good) << "byte " << i;
  }
  ASSERT_TRUE(disk.Remove(path));
  EXPECT_TRUE(*log->ScrubCursors());
  EXPECT_EQ(disk.Content(path), good);
}

// What the file says after a checkpoint that failed half-way is no damage.
TEST(Log, AScrubKnowsOfACheckpointThatFailed) {
  std::uint64_t ahead = 0;
  for (std::uint64_t call = 1; call <= 8; ++call) {
    SimulatedDisk disk;
    TestLog log(disk, SmallConfig());
    ASSERT_TRUE(log.OpenAndStart());
    ASSERT_TRUE(log.Put("x"));
    const std::string path = std::string(kTestFolder) + "/cursors";
    const Bytes before = disk.Content(path);
    disk.FailAt(call, EIO, SimulatedDisk::Repeat::kOnce);
    const bool failed = !log->Checkpoint("sink", 1);
    disk.ClearFault();
    ahead += failed && disk.Content(path) != before ? 1 : 0;
    EXPECT_FALSE(*log->ScrubCursors()) << "call " << call;
  }
  EXPECT_GT(ahead, 0U);
}

TEST(Damage, LostCursorsLoseNoData) {
  const Built built = Build(true, true);
  const std::string path = std::string(kTestFolder) + "/" + std::string(kCursorsName);
  Bytes bytes = built.disk->Content(path);
  bytes[40] ^= std::byte{1};
  built.disk->SetContent(path, bytes);
  {
    TestLog log(*built.disk, TinyConfig());
    ASSERT_TRUE(log.Open());
    EXPECT_TRUE(log->recovery().cursors_lost);
    EXPECT_EQ(log->CursorOf("sink"), 0U);
    EXPECT_EQ(*log.ReplayAll(), built.frames);
    ASSERT_TRUE(log->Start());
    EXPECT_EQ(*log.Put("next"), built.frames.size() + 1);
    EXPECT_TRUE(log->Checkpoint("sink", 3));
  }
  EXPECT_EQ(built.disk->Content(std::string(kTestFolder) + "/quarantine/cursors"), bytes);
  EXPECT_FALSE(Look(*built.disk)->report.cursors_lost);
}

// Damage is kept for whoever wants to look at it, before its segment is used again.
TEST(Damage, DamagedBytesGoToQuarantine) {
  const Built built = Build(true, false);
  const Place place = built.places[1][2];
  Bytes bytes = built.disk->Content(built.paths[1]);
  bytes[place.offset + kFrameHeaderBytes] ^= std::byte{1};
  built.disk->SetContent(built.paths[1], bytes);
  TestLog log(*built.disk, TinyConfig());
  ASSERT_TRUE(log.OpenAndStart());
  ASSERT_TRUE(log->recovery().damage.empty());  // closed segments are judged when they are read
  ReadOutcome outcome;
  ASSERT_TRUE(log.ReplayAll(&outcome));
  ASSERT_EQ(outcome.lost, (std::vector<PositionRange>{{place.position, place.position}}));
  ASSERT_EQ(log->recovery().damage.size(), 1U);
  EXPECT_EQ(log->stats().damaged_ranges, 1U);
  const std::string name = built.paths[1].substr(built.paths[1].rfind('/') + 1);
  const Bytes kept = built.disk->Content(std::string(kTestFolder) + "/quarantine/" + name + "." +
                                         std::to_string(place.offset));
  EXPECT_TRUE(std::equal(kept.begin(), kept.end(),
                         bytes.begin() + static_cast<std::ptrdiff_t>(place.offset)));
  EXPECT_GE(kept.size(), place.end - place.offset);
  ASSERT_TRUE(log->Release(built.places[1].back().position));
  EXPECT_EQ(log->oldest(), built.places[2].front().position);
}

TEST(Damage, AReadErrorIsNoDamage) {
  const Built built = Build(false, false);
  built.disk->FailAt(6, EIO, SimulatedDisk::Repeat::kForEver);
  EXPECT_EQ(Look(*built.disk).error().code, Code::kIo);
  built.disk->ClearFault();
  const auto seen = Look(*built.disk);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->frames, built.frames);
  EXPECT_TRUE(seen->report.damage.empty());
}

TEST(Inspect, ListsSegmentsAndFrames) {
  const Built built = Build(false, true);
  const auto inspection = Inspect(*built.disk, kTestFolder, {.frames = true});
  ASSERT_TRUE(inspection);
  ASSERT_GE(inspection->segments.size(), 3U);
  EXPECT_EQ(inspection->segments[0].info.state, SegmentState::kClosed);
  EXPECT_TRUE(inspection->segments[0].has_footer);
  EXPECT_EQ(inspection->segments[2].info.state, SegmentState::kActive);
  EXPECT_EQ(inspection->segments[0].info.first, 1U);
  EXPECT_EQ(inspection->segments[2].info.last, built.frames.rbegin()->first);
  std::size_t frames = 0;
  for (const SegmentListing& segment : inspection->segments) frames += segment.listing.size();
  EXPECT_EQ(frames, built.frames.size());
  EXPECT_EQ(inspection->cursors.size(), 1U);
  EXPECT_EQ(Inspect(*built.disk, "/nowhere", {}).error().code, Code::kNotFound);
}

TEST(Verify, CountsWhatReadsBackAndFindsDamage) {
  const Built built = Build(true, false);
  auto verification = Verify(*built.disk, kTestFolder);
  ASSERT_TRUE(verification);
  EXPECT_TRUE(verification->sound());
  EXPECT_EQ(verification->frames, built.frames.size());
  EXPECT_EQ(verification->segments, 3U);
  Bytes bytes = built.disk->Content(built.paths[0]);
  bytes[built.places[0][1].end - 1] ^= std::byte{1};
  built.disk->SetContent(built.paths[0], bytes);
  verification = Verify(*built.disk, kTestFolder);
  ASSERT_TRUE(verification);
  EXPECT_FALSE(verification->sound());
  EXPECT_EQ(verification->lost, (std::vector<PositionRange>{{2, 2}}));
  EXPECT_EQ(Verify(*built.disk, "/nowhere").error().code, Code::kNotFound);
}

TEST(Verify, WorksWhileTheLogRuns) {
  SimulatedDisk disk;
  TestLog log(disk, TinyConfig());
  ASSERT_TRUE(log.OpenAndStart());
  const std::jthread verifier([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto verification = Verify(disk, kTestFolder);
      EXPECT_TRUE(verification && verification->lost.empty());
    }
  });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (std::uint64_t id = 1; id <= 200; ++id) {
    auto position = log.Put(PayloadOf(id, 1500));
    // The log is full while its thread has many released segments to close.
    while (!position && position.error().code == Code::kExhausted &&
           std::chrono::steady_clock::now() < deadline) {
      ASSERT_TRUE(log->Release(log->published()));
      log.clock().Advance(std::chrono::milliseconds(100));
      position = log.Put(PayloadOf(id, 1500));
    }
    ASSERT_TRUE(position) << position.error().message;
    ASSERT_TRUE(log->Release(*position));
  }
}

}  // namespace
}  // namespace strata::wal
