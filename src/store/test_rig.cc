#include "store/test_rig.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/hash.h"
#include "model/row_writer.h"
#include "wal/define.h"

namespace strata::store {
namespace {

constexpr char kRoot[] = "data";

}  // namespace

// --- FakeLog

Position FakeLog::Append(const model::Collection& collection, std::uint32_t rows,
                         wal::FrameType type) {
  const MutexLock lock(mutex_);
  Frame frame{.info = {.type = type,
                       .kind = static_cast<std::uint8_t>(collection.kind),
                       .collection_id = collection.id,
                       .record_count = rows},
              .payload = {}};
  if (type == wal::FrameType::kDefine) {
    frame.payload = wal::EncodeDefine({.namespace_id = 1,
                                       .collection_id = collection.id,
                                       .kind = frame.info.kind,
                                       .namespace_name = collection.namespace_name,
                                       .collection_name = collection.name});
  } else {
    frame.payload.resize(100 + rows);
  }
  frames_[++last_] = std::move(frame);
  return last_;
}

void FakeLog::Publish(Position position) {
  const MutexLock lock(mutex_);
  published_ = position;
}

wal::Position FakeLog::published() const {
  const MutexLock lock(mutex_);
  return published_;
}

wal::Position FakeLog::oldest() const {
  const MutexLock lock(mutex_);
  return frames_.empty() ? 0 : frames_.begin()->first;
}

std::vector<wal::SegmentInfo> FakeLog::Segments() const {
  const MutexLock lock(mutex_);
  std::vector<wal::SegmentInfo> segments;
  for (const auto& [position, frame] : frames_) {
    const std::uint64_t number = (position - 1) / segment_frames_;
    if (segments.empty() || segments.back().number != number) {
      const Position last = (number + 1) * segment_frames_;
      segments.push_back(
          {.name = "",
           .state = last <= last_ ? wal::SegmentState::kClosed : wal::SegmentState::kActive,
           .number = number,
           .first = position});
    }
    segments.back().last = position;
    segments.back().used_bytes += frame.payload.size();
  }
  return segments;
}

wal::LogStats FakeLog::stats() const {
  const MutexLock lock(mutex_);
  wal::LogStats stats;
  for (const auto& [position, frame] : frames_) stats.log_bytes += frame.payload.size();
  stats.max_bytes = max_bytes;
  stats.full = stats.log_bytes >= max_bytes;
  return stats;
}

Result<wal::ReadOutcome> FakeLog::Read(wal::Position from, wal::Position to,
                                       const wal::FrameVisitor& visit) {
  std::vector<std::pair<Position, Frame>> found;
  {
    const MutexLock lock(mutex_);
    if (!frames_.empty() && from < frames_.begin()->first) {
      return Error{Code::kNotFound, "released"};
    }
    found.assign(frames_.lower_bound(from), frames_.upper_bound(to));
  }
  wal::ReadOutcome outcome;
  for (const auto& [position, frame] : found) {
    RETURN_IF_ERROR(visit({.position = position, .info = frame.info, .payload = frame.payload}));
    ++outcome.frames;
  }
  return outcome;
}

Status FakeLog::Release(wal::Position position) {
  const MutexLock lock(mutex_);
  CHECK(position <= published_);
  position = std::min(position, pinned_at);
  // Whole segments, and never the one that is written.
  const Position end = position / segment_frames_ * segment_frames_;
  frames_.erase(frames_.begin(), frames_.upper_bound(end));
  return Done{};
}

void FakeLog::Forget(Position position) {
  const MutexLock lock(mutex_);
  frames_.erase(frames_.begin(), frames_.upper_bound(position));
}

Result<RereadRows> FakeLog::Reread(const model::Collection& collection,
                                   const wal::PositionRange& range) {
  if (on_reread) on_reread();
  const ManualClock clock;
  hot::Hot scratch({}, clock);
  RereadRows again{.slices = {}, .through = range.last};
  std::uint64_t rows = 0;
  const auto read = Read(range.first, range.last, [&](const wal::FrameView& frame) -> Status {
    if (frame.info.type != wal::FrameType::kRecords || rows >= reread_rows_max ||
        frame.info.collection_id != collection.id) {
      return Done{};
    }
    PublishRows(scratch, collection, frame.info.record_count, frame.position);
    rows += frame.info.record_count;
    if (rows >= reread_rows_max) again.through = frame.position;
    return Done{};
  });
  if (!read) return read.error();
  again.slices = scratch.Slices(collection.id, range.first - 1, range.last);
  return again;
}

void PublishRows(hot::Hot& hot, const model::Collection& collection, std::uint32_t rows,
                 Position position) {
  hot::LaneLease lease = hot.Lease(collection);
  model::RowWriter writer(lease.source());
  for (std::uint32_t i = 0; i < rows; ++i) {
    writer.BeginRow();
    writer.Set<std::uint32_t>(model::kOrdinal, i);
    writer.CommitRow();
  }
  lease.Take(writer).Publish(position);
}

// --- FakePartWriter

Bytes FakePartWriter::BytesOf(const Rows& rows) {
  Bytes bytes;
  for (const auto& [position, count] : rows) {
    const std::uint64_t pair[] = {position, count};
    const auto raw = std::as_bytes(std::span(pair));
    bytes.insert(bytes.end(), raw.begin(), raw.end());
  }
  return bytes;
}

duck::PartInfo FakePartWriter::InfoOf(const Rows& rows) {
  const Bytes bytes = BytesOf(rows);
  duck::PartInfo info;
  for (const auto& [position, count] : rows) info.rows += count;
  info.bytes = bytes.size();
  for (std::size_t at = 0; at < bytes.size(); at += duck::kPartBlockBytes) {
    const std::size_t size = std::min<std::size_t>(duck::kPartBlockBytes, bytes.size() - at);
    info.block_crcs.push_back(Crc32c(ByteSpan(bytes).subspan(at, size)));
  }
  info.filter_bytes = 3;
  info.filter_hash = Hash64(AsBytes("abc"));
  info.min_position = rows.begin()->first;
  info.max_position = rows.rbegin()->first;
  return info;
}

Result<duck::PartInfo> FakePartWriter::Describe(model::Kind, const std::string& path) {
  ASSIGN_OR_RETURN(const Rows rows, ReadRows(path, files_));
  if (rows.empty()) return Error{Code::kCorrupt, path + " has no rows"};
  return InfoOf(rows);
}

Result<duck::PartInfo> FakePartWriter::Store(const Rows& rows, const std::string& path) {
  const Bytes bytes = BytesOf(rows);
  for (const std::string& name : {FilterPath(path), path}) {
    ASSIGN_OR_RETURN(const auto file, files_.Open(name + ".new", {.access = os::Access::kReadWrite,
                                                                  .create = true,
                                                                  .truncate = true}));
    RETURN_IF_ERROR(file->WriteAt(0, name == path ? ByteSpan(bytes) : AsBytes("abc")));
    RETURN_IF_ERROR(file->Sync());
    RETURN_IF_ERROR(files_.Rename(name + ".new", name));
  }
  RETURN_IF_ERROR(files_.SyncDirectory(std::filesystem::path(path).parent_path()));
  return InfoOf(rows);
}

Result<duck::PartInfo> FakePartWriter::Write(model::Kind, std::span<const model::BlockSlice> slices,
                                             const std::string& path) {
  Rows rows;
  for (const model::BlockSlice& slice : slices) {
    for (std::uint32_t i = slice.first_run; i < slice.last_run; ++i) {
      const model::Run& run = slice.block->runs()[i];
      rows[run.position] += run.end - run.begin;
    }
  }
  return Store(rows, path);
}

Result<duck::PartInfo> FakePartWriter::Merge(model::Kind, std::span<const duck::PartRef> inputs,
                                             const std::string& path, const std::stop_token& stop) {
  Rows rows;
  for (const duck::PartRef& input : inputs) {
    ASSIGN_OR_RETURN(const Rows more, ReadRows(input.path, files_));
    if (more.empty() || InfoOf(more).block_crcs != input.info->block_crcs) {
      return Error{Code::kCorrupt, input.path + " is damaged"};
    }
    if (stop.stop_requested()) return os::StoppedError();
    for (const auto& [position, count] : more) rows[position] += count;
  }
  return Store(rows, path);
}

Result<FakePartWriter::Rows> FakePartWriter::ReadRows(const std::string& path,
                                                      os::FileSystem& files) {
  ASSIGN_OR_RETURN(const Bytes bytes, files.ReadAll(path, 1 << 20));
  Rows rows;
  for (std::size_t at = 0; at + 16 <= bytes.size(); at += 16) {
    const ByteSpan pair = ByteSpan(bytes).subspan(at);
    rows[LoadLe<std::uint64_t>(pair)] += LoadLe<std::uint64_t>(pair.subspan(8));
  }
  return rows;
}

// --- World

World::World(std::unique_ptr<os::SimulatedDisk> disk, Config the_config, hot::Config hot_config,
             Position segment_frames, std::uint64_t reserve_bytes)
    : config([&] {
        the_config.data_dir = kRoot;
        return the_config;
      }()),
      hot_config_(hot_config),
      reserve_bytes_(reserve_bytes),
      disk_(std::move(disk)),
      log_(std::make_unique<FakeLog>(segment_frames)) {}

World::~World() = default;

Status World::Boot(bool threads) {
  store_.reset();
  hot_.reset();
  collections_ = std::make_unique<model::CollectionTable>();
  registry_ = std::make_unique<model::Registry>();
  reserve_ =
      std::make_unique<os::SpaceReserve>(config.data_dir / "disk.reserve", reserve_bytes_, *disk_);
  files_ = std::make_unique<os::ReservedFileSystem>(*disk_, *reserve_);
  if (reserve_bytes_ > 0) RETURN_IF_ERROR(files_->CreateDirectories(config.data_dir));
  writer_ = std::make_unique<FakePartWriter>(*files_);
  hot_ = std::make_unique<hot::Hot>(hot_config_, clock);
  read_parts_.clear();
  ASSIGN_OR_RETURN(store_,
                   Store::Open(config, *files_, clock, *collections_, *writer_, *registry_));
  store_->RestoreHot(*hot_);
  RETURN_IF_ERROR(
      store_->ReplayCarry(*log_, [this](const wal::FrameView& f) { return Replay(f); }));
  const Position after = store_->ReplayFrom();
  const auto replay = [&](const wal::FrameView& frame) -> Status {
    const bool define = frame.info.type == wal::FrameType::kDefine;
    return frame.position > after || define ? Replay(frame) : Status(Done{});
  };
  if (log_->oldest() != 0) {
    RETURN_IF_ERROR(log_->Read(log_->oldest(), log_->published(), replay));
  }
  if (before_start) before_start();
  store_->Start(*hot_, *log_, threads);
  return Done{};
}

Status World::Replay(const wal::FrameView& frame) {
  if (frame.info.type == wal::FrameType::kDefine) {
    ASSIGN_OR_RETURN(const wal::Define define, wal::DecodeDefine(frame.payload));
    return collections_->Restore({.id = define.collection_id,
                                  .namespace_name = define.namespace_name,
                                  .name = define.collection_name,
                                  .kind = static_cast<model::Kind>(define.kind)});
  }
  const model::Collection* collection = collections_->Find(frame.info.collection_id);
  if (collection == nullptr) return Error{Code::kCorrupt, "a frame of an unknown collection"};
  if (frame.position <= store_->Sealed(collection->id)) return Done{};
  PublishRows(*hot_, *collection, frame.info.record_count, frame.position);
  return Done{};
}

std::uint64_t World::UsedBytes() const {
  std::uint64_t used = 0;
  for (const std::string& path : disk_->Files()) used += disk_->Content(path).size();
  return used;
}

void World::Crash(std::optional<std::uint64_t> seed) {
  store_.reset();
  disk_ = seed ? disk_->AfterPowerLoss(*seed) : disk_->AfterKill();
}

void World::LoseEntry(const std::string& path) {
  for (const std::string& file : disk_->Files()) {
    if (!file.ends_with(".manifest") && !file.ends_with(".mirror")) continue;
    Bytes bytes = disk_->Content(file);
    const auto at = AsText(bytes).find(path);
    if (at == std::string::npos) continue;
    bytes[at] ^= std::byte{1};
    disk_->SetContent(file, bytes);
  }
}

const model::Collection& World::Collection(const std::string& namespace_name,
                                           const std::string& name) {
  const auto added = collections_->Add(namespace_name, name, model::Kind::kLogs, 1 << 20);
  CHECK(added.has_value());
  if (added->is_new) {
    log_->Publish(log_->Append(*added->collection, 0, wal::FrameType::kDefine));
  }
  return *added->collection;
}

Position World::Ingest(const model::Collection& collection, std::uint32_t rows) {
  const Position position = log_->Append(collection, rows, wal::FrameType::kRecords);
  PublishRows(*hot_, collection, rows, position);
  log_->Publish(position);
  acked[position] = {.collection = collection.id, .rows = rows};
  return position;
}

std::string World::CheckPosition(Position position, const Acked& was) {
  const model::Collection* collection = collections_->Find(was.collection);
  if (collection == nullptr) return "position " + std::to_string(position) + ": collection unknown";
  // As any reader does (store/split.h).
  const Position floor = hot_->Floor(was.collection);
  const ManifestPtr manifest = store_->Pin(collection->namespace_name);
  const Split split = store_->SplitAt(*manifest, was.collection, floor);
  std::uint64_t rows = 0;
  for (const duck::PartRef& part : split.parts) {
    auto [read, is_new] = read_parts_.try_emplace(part.path);
    if (is_new) {
      auto content = FakePartWriter::ReadRows(part.path, *disk_);
      if (!content) return content.error().message;
      read->second = *std::move(content);
    }
    if (const auto at = read->second.find(position); at != read->second.end()) rows += at->second;
  }
  if (position > split.through) {
    for (const auto& slice : hot_->Slices(was.collection, position - 1, position)) {
      rows += slice.RowCount();
    }
  }
  if (rows == was.rows) return {};
  return "position " + std::to_string(position) + ": " + std::to_string(rows) +
         " rows instead of " + std::to_string(was.rows);
}

std::string World::Check(bool tidy) {
  const StoreFigures figures = store_->Figures();
  if (!figures.suspect_parts.empty()) return "suspect: " + figures.suspect_parts.front();
  for (const auto& [position, was] : acked) {
    if (std::string wrong = CheckPosition(position, was); !wrong.empty()) return wrong;
  }
  if (!tidy) return {};
  std::set<std::string> listed;
  for (const model::Collection* collection : collections_->All()) {
    const ManifestPtr manifest = store_->Pin(collection->namespace_name);
    const CollectionParts* parts = manifest->Find(collection->id);
    if (parts == nullptr) continue;
    for (const PartPtr& part : parts->parts) {
      listed.insert((config.data_dir / part->path).native());
      listed.insert((config.data_dir / FilterPath(part->path)).native());
    }
  }
  for (const std::string& path : disk_->Files()) {
    if (path.find("/parts/") == std::string::npos) continue;
    if (path.starts_with((config.data_dir / "quarantine").native())) continue;
    if (!listed.contains(path)) return "orphan: " + path;
  }
  return {};
}

}  // namespace strata::store
