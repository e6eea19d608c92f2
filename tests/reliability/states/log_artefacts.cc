// The files of a log: segments and cursors.
#include <map>
#include <set>

#include "states/artefact.h"
#include "states/log_world.h"
#include "wal/inspect.h"

namespace strata::reliability {
namespace {

constexpr const char* kFolder = "/log";
constexpr std::uint64_t kDeepLookEvery = 512;  // starts a process that writes, and another

wal::Config ConfigOfLog() {
  return {.directory = kFolder,
          .segment_bytes = 72_KiB,
          .spare_segments = 1,
          .max_bytes = 2_MiB,
          .frame_bytes_max = 16_KiB,
          .group_bytes_max = 8_KiB,
          .queue_bytes_max = 1_MiB,
          .salt_seed = 7};
}

struct Frame {
  Position position = 0;
  std::uint64_t offset = 0;
  std::uint64_t end = 0;
};

struct Served {
  std::map<Position, std::string> frames;
  std::set<Position> lost;
  wal::RecoveryReport report;
  std::string broken;
};

std::string At(Position position) {
  return "position " + std::to_string(position);
}

Served ReadAll(wal::Log& log) {
  Served served;
  Position last = 0;
  const auto read = log.Replay(0, [&](const wal::FrameView& frame) -> Status {
    if (frame.position <= last) served.broken = At(frame.position) + " is served out of order";
    last = frame.position;
    served.frames[frame.position] = AsText(frame.payload);
    return Done{};
  });
  if (!read) {
    served.broken = "replay fails: " + read.error().message;
    return served;
  }
  for (const wal::PositionRange& range : read->lost) {
    for (Position p = range.first; p <= range.last; ++p) served.lost.insert(p);
  }
  served.report = log.recovery();
  return served;
}

// A log of three segments, the last one left open by a kill; a cursor vouches for all frames.
class LogFiles : public Artefact {
 public:
  explicit LogFiles(std::uint64_t seed) : random_(seed) {
    os::SimulatedDisk disk({.seed = seed});
    {
      LogLife life(disk, config_, oracle_, seed);
      CHECK(life.OpenAndStart());
      while (UsedBytes(life, 2) == 0) Send(life);
      for (int i = 0; i < kConsumers; ++i) Checkpoint(life, i);
      while (UsedBytes(life, 2) < 60_KiB) Send(life);
      older_cursors_ = disk.Content(std::string(kFolder) + "/cursors");
      for (int i = 0; i < kConsumers; ++i) Checkpoint(life, i);
      disk_ = disk.AfterKill();
      Unplug(disk);
    }
    Learn();
  }

 protected:
  static constexpr int kConsumers = 260;

  std::string PathOf(std::size_t segment) const { return segments_[segment].path; }
  const std::vector<Frame>& FramesOf(std::size_t segment) const {
    return segments_[segment].frames;
  }
  void Choose(const std::string& path, Bytes older) {
    path_ = path;
    good_ = disk_->Content(path);
    older_ = std::move(older);
  }

  // What a process finds when the chosen file holds `bytes`; sometimes also what the next one does.
  Served Open(const Bytes& bytes) {
    disk_->SetContent(path_, bytes);
    Served served = OpenOn(*disk_);
    if (served.broken.empty() && ++looks_ % kDeepLookEvery == 0) served.broken = LiveOn(served);
    return served;
  }

  // Served or told, never both, and nothing else.
  std::string Compare(const Served& served) const {
    if (!served.broken.empty()) return served.broken;
    for (const auto& [position, payload] : served.frames) {
      const auto found = payloads_.find(position);
      if (found == payloads_.end()) return At(position) + " was never written";
      if (found->second != payload) return At(position) + " has other bytes";
      if (served.lost.contains(position)) return At(position) + " is served and reported as lost";
    }
    for (const auto& [position, payload] : payloads_) {
      if (!served.frames.contains(position) && !served.lost.contains(position)) {
        return At(position) + " is gone in silence";
      }
    }
    return "";
  }
  std::size_t frames() const { return payloads_.size(); }
  static bool Complains(const Served& served) {
    const wal::RecoveryReport& report = served.report;
    return !served.lost.empty() || !report.damage.empty() || !report.foreign.empty() ||
           report.cursors_lost;
  }
  const Bytes& older_cursors() const { return older_cursors_; }
  std::map<std::string, Position> Cursors() {
    LogLife life(*disk_, config_, oracle_, 1);
    CHECK(life.Open());
    std::map<std::string, Position> cursors;
    for (const auto& [name, position] : life.log().Cursors()) cursors[name] = position;
    return cursors;
  }

 private:
  struct Segment {
    std::string path;
    std::vector<Frame> frames;
  };

  void Send(LogLife& life) {
    const std::uint64_t group = 1 + random_() % 6;
    for (std::uint64_t i = 0; i < group; ++i) life.Send(8 + random_() % 1500);
    life.Settle();
    CHECK(life.all_acked());
  }
  void Checkpoint(LogLife& life, int consumer) {
    const std::string name = "consumer " + std::to_string(consumer) + std::string(230, '.');
    CHECK(life.Checkpoint(name, life.log().published()));
  }
  // Of the n-th segment with frames; 0: there are fewer.
  static std::uint64_t UsedBytes(LogLife& life, std::size_t n) {
    for (const wal::SegmentInfo& segment : life.log().Segments()) {
      if (segment.first != 0 && n-- == 0) return segment.used_bytes;
    }
    return 0;
  }

  void Learn() {
    auto inspection = wal::Inspect(*disk_, kFolder, {.frames = true});
    CHECK(inspection);
    for (const wal::SegmentListing& listing : inspection->segments) {
      if (listing.frames == 0) continue;
      Segment& segment = segments_.emplace_back();
      segment.path = std::string(kFolder) + "/" + listing.info.name;
      for (const wal::FrameListing& frame : listing.listing) {
        segment.frames.push_back({.position = frame.header.position,
                                  .offset = frame.offset,
                                  .end = frame.offset + frame.header.SizeBytes()});
      }
    }
    CHECK(segments_.size() == 3);
    const Served served = OpenOn(*disk_);
    CHECK(served.broken.empty() && served.lost.empty() && !Complains(served));
    payloads_ = served.frames;
  }

  Served OpenOn(os::SimulatedDisk& disk) {
    LogLife life(disk, config_, oracle_, 1);
    if (auto opened = life.Open(); !opened) {
      Served served;
      served.broken = "does not open: " + opened.error().message;
      return served;
    }
    return ReadAll(life.log());
  }

  // A process starts on what is left and takes frames; what it served, the next one serves, and
  // what was lost stays lost.
  std::string LiveOn(const Served& before) {
    const auto disk = disk_->AfterKill();
    {
      LogLife life(*disk, config_, oracle_, 1);
      if (auto opened = life.Open(); !opened) return "does not open: " + opened.error().message;
      if (auto begun = life.Start(); !begun) return "does not start: " + begun.error().message;
      life.SendAndSettle(700);
      if (!life.all_acked()) return "takes no frames: " + life.last_status().error().message;
      life.Stop();
    }
    const auto next = disk->AfterPowerLoss(looks_);
    const Served after = OpenOn(*next);
    if (!after.broken.empty()) return "later: " + after.broken;
    for (const auto& [position, payload] : before.frames) {
      const auto found = after.frames.find(position);
      if (found == after.frames.end() || found->second != payload) {
        return At(position) + " was served, and is not by the next process";
      }
    }
    const bool has_new = after.frames.size() == before.frames.size() + 1;
    return has_new ? "" : "the next process does not serve what was acked since";
  }

  const wal::Config config_ = ConfigOfLog();
  std::mt19937_64 random_;
  LogOracle oracle_;
  std::unique_ptr<os::SimulatedDisk> disk_;
  Bytes older_cursors_;
  std::vector<Segment> segments_;
  std::map<Position, std::string> payloads_;
  std::string path_;
  std::uint64_t looks_ = 0;
};

class SegmentFile final : public LogFiles {
 public:
  SegmentFile(std::uint64_t seed, std::size_t segment) : LogFiles(seed), segment_(segment) {
    Choose(PathOf(0), {});
    Bytes older = good_;
    Choose(PathOf(segment), std::move(older));
  }

  Finding Look(const Bytes& bytes) override {
    const Served served = Open(bytes);
    if (std::string wrong = Compare(served); !wrong.empty()) return Finding::Broken(wrong);
    const bool unreadable = !HeaderIn(bytes);
    for (const Frame& frame : FramesOf(segment_)) {
      const bool whole = !unreadable && IsIntact(bytes, frame.offset, frame.end);
      if (whole && served.lost.contains(frame.position)) {
        return Finding::Broken(At(frame.position) + " is whole and not served");
      }
    }
    return Complains(served) ? Finding::Noticed() : Finding::Harmless();
  }

 private:
  // One of the two copies suffices.
  bool HeaderIn(const Bytes& bytes) const {
    return IsIntact(bytes, 0, 128) || IsIntact(bytes, 2048, 2048 + 128);
  }
  bool IsIntact(const Bytes& bytes, std::uint64_t from, std::uint64_t to) const {
    return bytes.size() >= to && AsText(ByteSpan(bytes).subspan(from, to - from)) ==
                                     AsText(ByteSpan(good_).subspan(from, to - from));
  }
  const std::size_t segment_;
};

class CursorFile final : public LogFiles {
 public:
  explicit CursorFile(std::uint64_t seed) : LogFiles(seed) {
    Choose(std::string(kFolder) + "/cursors", older_cursors());
    cursors_ = Cursors();
    CHECK(cursors_.size() == kConsumers);
  }

  Finding Look(const Bytes& bytes) override {
    const Served served = Open(bytes);
    if (std::string wrong = Compare(served); !wrong.empty()) return Finding::Broken(wrong);
    if (served.frames.size() != frames()) return Finding::Broken("frames are lost");
    if (Complains(served)) return Finding::Noticed();
    for (const auto& [name, position] : Cursors()) {
      const auto found = cursors_.find(name);
      if (found == cursors_.end()) return Finding::Broken("a consumer that never was");
      // A consumer that is behind does again what it did.
      if (position > found->second) return Finding::Broken("a cursor goes ahead");
    }
    return Finding::Harmless();
  }

 private:
  std::map<std::string, Position> cursors_;
};

}  // namespace

std::unique_ptr<Artefact> MakeClosedSegment(std::uint64_t seed) {
  return std::make_unique<SegmentFile>(seed, 1);
}

std::unique_ptr<Artefact> MakeOpenSegment(std::uint64_t seed) {
  return std::make_unique<SegmentFile>(seed, 2);
}

std::unique_ptr<Artefact> MakeCursorFile(std::uint64_t seed) {
  return std::make_unique<CursorFile>(seed);
}

}  // namespace strata::reliability
