#include "store/test_rig.h"

#include <set>
#include <utility>

#include "base/check.h"
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
  // Whole segments, and never the one that is written.
  const Position end = position / segment_frames_ * segment_frames_;
  frames_.erase(frames_.begin(), frames_.upper_bound(end));
  return Done{};
}

// --- FakePartWriter

Result<duck::PartInfo> FakePartWriter::Store(const Rows& rows, const std::string& path) {
  Bytes bytes;
  duck::PartInfo info;
  for (const auto& [position, count] : rows) {
    const std::uint64_t pair[] = {position, count};
    const auto raw = std::as_bytes(std::span(pair));
    bytes.insert(bytes.end(), raw.begin(), raw.end());
    info.rows += count;
  }
  info.bytes = bytes.size();
  info.filter_bytes = 3;
  info.min_position = rows.begin()->first;
  info.max_position = rows.rbegin()->first;
  for (const std::string& name : {FilterPath(path), path}) {
    ASSIGN_OR_RETURN(const auto file, files_.Open(name + ".new", {.access = os::Access::kReadWrite,
                                                                  .create = true,
                                                                  .truncate = true}));
    RETURN_IF_ERROR(file->WriteAt(0, name == path ? ByteSpan(bytes) : AsBytes("abc")));
    RETURN_IF_ERROR(file->Sync());
    RETURN_IF_ERROR(files_.Rename(name + ".new", name));
  }
  RETURN_IF_ERROR(files_.SyncDirectory(std::filesystem::path(path).parent_path()));
  return info;
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
                                             const std::string& path) {
  Rows rows;
  for (const duck::PartRef& input : inputs) {
    ASSIGN_OR_RETURN(const Rows more, ReadRows(input.path, files_));
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
             Position segment_frames)
    : config([&] {
        the_config.data_dir = kRoot;
        return the_config;
      }()),
      hot_config_(hot_config),
      disk_(std::move(disk)),
      log_(std::make_unique<FakeLog>(segment_frames)) {}

World::~World() = default;

Status World::Boot(bool threads) {
  store_.reset();
  hot_.reset();
  collections_ = std::make_unique<model::CollectionTable>();
  registry_ = std::make_unique<model::Registry>();
  writer_ = std::make_unique<FakePartWriter>(*disk_);
  hot_ = std::make_unique<hot::Hot>(hot_config_, clock);
  read_parts_.clear();
  ASSIGN_OR_RETURN(store_, Store::Open(config, *disk_, clock, *collections_, *writer_, *registry_));
  store_->RestoreHot(*hot_);
  RETURN_IF_ERROR(store_->ReplayCarry([this](const wal::FrameView& f) { return Replay(f); }));
  const Position after = store_->ReplayFrom();
  const auto replay = [&](const wal::FrameView& frame) -> Status {
    const bool define = frame.info.type == wal::FrameType::kDefine;
    return frame.position > after || define ? Replay(frame) : Status(Done{});
  };
  if (log_->oldest() != 0) {
    RETURN_IF_ERROR(log_->Read(log_->oldest(), log_->published(), replay));
  }
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
  Publish(*collection, frame.info.record_count, frame.position);
  return Done{};
}

void World::Publish(const model::Collection& collection, std::uint32_t rows, Position position) {
  hot::LaneLease lease = hot_->Lease(collection);
  model::RowWriter writer(lease.source());
  for (std::uint32_t i = 0; i < rows; ++i) {
    writer.BeginRow();
    writer.Set<std::uint32_t>(model::kOrdinal, i);
    writer.CommitRow();
  }
  lease.Take(writer).Publish(position);
}

void World::Crash(std::optional<std::uint64_t> seed) {
  store_.reset();
  disk_ = seed ? disk_->AfterPowerLoss(*seed) : disk_->AfterKill();
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
  Publish(collection, rows, position);
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
  if (!store_->report().parts.missing.empty()) {
    return "missing: " + store_->report().parts.missing.front()->path;
  }
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
    if (path.find("/quarantine/") != std::string::npos) continue;
    if (!listed.contains(path)) return "orphan: " + path;
  }
  return {};
}

}  // namespace strata::store
