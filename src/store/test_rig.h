// What the store's tests stand on: a clock that is set by hand, a log whose released frames are
// gone at once, a writer of tiny parts, and a World that starts a store on a disk, crashes it and
// counts what is left.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "hot/hot.h"
#include "os/simulated_disk.h"
#include "os/space_reserve.h"
#include "store/store.h"

namespace strata::store {

class ManualClock final : public Clock {
 public:
  std::int64_t WallNanos() const override {
    return 1'790'000'000'000'000'000 + offset_.load() + wall_jumps_.load();
  }
  MonotonicTime Monotonic() const override {
    return MonotonicTime(std::chrono::hours(100)) + std::chrono::nanoseconds(offset_.load());
  }
  void Advance(Duration by) { offset_ += by.count(); }
  void JumpWall(Duration by) { wall_jumps_ += by.count(); }

 private:
  std::atomic<std::int64_t> offset_{0};
  std::atomic<std::int64_t> wall_jumps_{0};
};

// Frames in segments of a fixed number. Survives the crash of a store; all that is in it is
// durable.
class FakeLog final : public LogSource {
 public:
  explicit FakeLog(Position segment_frames) : segment_frames_(segment_frames) {}

  // Durable with its return, published with Publish().
  Position Append(const model::Collection& collection, std::uint32_t rows, wal::FrameType type);
  void Publish(Position position);

  wal::Position published() const override;
  wal::Position oldest() const override;
  std::vector<wal::SegmentInfo> Segments() const override;
  wal::LogStats stats() const override;
  Result<wal::ReadOutcome> Read(wal::Position from, wal::Position to,
                                const wal::FrameVisitor& visit) override;
  Status Release(wal::Position position) override;
  // At most `reread_rows_max` rows at a time.
  Result<RereadRows> Reread(const model::Collection& collection,
                            const wal::PositionRange& range) override;

  // The frames up to `position` are gone, without a word.
  void Forget(Position position);

  std::uint64_t reread_rows_max = 60;
  std::function<void()> on_reread;  // called by Reread() before it reads
  std::uint64_t max_bytes = 1ULL << 40;
  Position pinned_at = UINT64_MAX;  // a consumer's cursor, beyond which nothing is released

 private:
  struct Frame {
    wal::FrameInfo info;
    Bytes payload;
  };
  mutable Mutex mutex_;
  const Position segment_frames_;
  Position last_ GUARDED_BY(mutex_) = 0;
  Position published_ GUARDED_BY(mutex_) = 0;
  std::map<Position, Frame> frames_ GUARDED_BY(mutex_);
};

// Parts as lists of (position, rows), written with the same care as the real ones.
class FakePartWriter final : public PartWriter {
 public:
  explicit FakePartWriter(os::FileSystem& files) : files_(files) {}
  Result<duck::PartInfo> Write(model::Kind kind, std::span<const model::BlockSlice> slices,
                               const std::string& path) override;
  Result<duck::PartInfo> Merge(model::Kind kind, std::span<const duck::PartRef> inputs,
                               const std::string& path, const std::stop_token& stop) override;
  Result<duck::PartInfo> Describe(model::Kind kind, const std::string& path) override;

  using Rows = std::map<Position, std::uint64_t>;
  static Result<Rows> ReadRows(const std::string& path, os::FileSystem& files);

 private:
  static Bytes BytesOf(const Rows& rows);
  static duck::PartInfo InfoOf(const Rows& rows);
  Result<duck::PartInfo> Store(const Rows& rows, const std::string& path);
  os::FileSystem& files_;
};

// What was acknowledged: collection and rows by position.
struct Acked {
  model::CollectionId collection = 0;
  std::uint32_t rows = 0;
};

// Puts rows that say nothing but their ordinal into memory.
void PublishRows(hot::Hot& hot, const model::Collection& collection, std::uint32_t rows,
                 Position position);

class World {
 public:
  World(std::unique_ptr<os::SimulatedDisk> disk, Config config, hot::Config hot_config = {},
        Position segment_frames = 8, std::uint64_t reserve_bytes = 0);
  ~World();

  // Starts a process on the disk: opens the store, replays, starts.
  Status Boot(bool threads = false);
  // Ends the process; `seed`: the power goes and chooses what is lost, nothing: only the process
  // dies.
  void Crash(std::optional<std::uint64_t> seed);
  // Damages what both files of the manifest say of the part at `path`.
  void LoseEntry(const std::string& path);

  const model::Collection& Collection(const std::string& namespace_name,
                                      const std::string& name = "logs");
  // One request, durable and visible.
  Position Ingest(const model::Collection& collection, std::uint32_t rows);

  // Empty, or the first promise that does not hold: a reader sees every acknowledged position once;
  // no listed part is missing; `tidy`: no file is there that nobody lists.
  std::string Check(bool tidy = true);

  os::SimulatedDisk& disk() { return *disk_; }
  os::SpaceReserve& reserve() { return *reserve_; }
  std::uint64_t UsedBytes() const;  // of the disk
  Store& store() { return *store_; }
  hot::Hot& hot() { return *hot_; }
  FakeLog& log() { return *log_; }
  model::CollectionTable& collections() { return *collections_; }
  ManualClock clock;
  Config config;
  std::function<void()> before_start;  // called by Boot() when the store is open
  std::map<Position, Acked> acked;

 private:
  Status Replay(const wal::FrameView& frame);
  std::string CheckPosition(Position position, const Acked& was);

  const hot::Config hot_config_;
  const std::uint64_t reserve_bytes_;
  std::unique_ptr<os::SimulatedDisk> disk_;
  std::unique_ptr<os::SpaceReserve> reserve_;
  std::unique_ptr<os::ReservedFileSystem> files_;
  std::unique_ptr<FakeLog> log_;
  std::unique_ptr<model::CollectionTable> collections_;
  std::unique_ptr<model::Registry> registry_;
  std::unique_ptr<FakePartWriter> writer_;
  std::unique_ptr<hot::Hot> hot_;
  std::unique_ptr<Store> store_;
  std::map<std::string, FakePartWriter::Rows> read_parts_;
};

}  // namespace strata::store
