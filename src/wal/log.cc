#include "wal/log.h"

#include <algorithm>
#include <optional>
#include <random>
#include <utility>

#include "base/mutex.h"
#include "wal/committer.h"
#include "wal/cursor_store.h"
#include "wal/log_reader.h"
#include "wal/quarantine.h"
#include "wal/segment_set.h"
#include "wal/segment_stock.h"
#include "wal/survey.h"

namespace strata::wal {
namespace {

// After an unclean start with SyncMode::kInterval nobody knows what was acked last. More positions
// than a sync interval can hold are left out, so that none is given away twice.
constexpr Position kSkipAhead = Position{1} << 30;

constexpr std::uint64_t kVisitBatchBytes = 1_MiB;

BatchVisitor OneByOne(const FrameVisitor& visit) {
  return [&visit](FrameBatch&& batch) -> Status {
    for (const FrameView& frame : batch.frames) RETURN_IF_ERROR(visit(frame));
    return Done{};
  };
}

}  // namespace

class Log::Core {
 public:
  Core(const Config& config, os::FileSystem& files, const Clock& clock, CommitHooks& hooks,
       std::unique_ptr<os::FileLock> lock, Survey survey)
      : config_(config),
        files_(files),
        lock_(std::move(lock)),
        survey_(std::move(survey)),
        cursors_(files, config_.directory / kCursorsName, survey_.cursors),
        stock_(config_, files, clock, set_),
        committer_(config_, files, clock, hooks, set_, stock_),
        reader_(files, config_.directory, set_, skipped_,
                [this](const Damage& damage) { NoteDamage(damage); }) {
    for (const FoundSegment& segment : survey_.segments) set_.AddRecovered(segment);
    for (const Damage& damage : survey_.report.damage) damage_.push_back({.damage = damage});
    skipped_ = survey_.skipped;
    const Position last = survey_.report.last;
    Position base = std::max(last, survey_.cursors.floor);
    if (survey_.skip_ahead) base += kSkipAhead;
    if (base > last) {
      survey_.report.skipped = {.first = last + 1, .last = base};
      skipped_.push_back(survey_.report.skipped);
    }
    committer_.SetPublished(base);
  }
  ~Core() { Stop(); }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  RecoveryReport recovery() const {
    const MutexLock lock(mutex_);
    RecoveryReport report = survey_.report;
    report.damage.clear();
    for (const Found& found : damage_) report.damage.push_back(found.damage);
    return report;
  }

  Status Start();
  void Stop() {
    committer_.Stop();
    stock_.Stop();
  }
  Status Release(Position position);
  Result<PositionRange> Readable(Position from, Position to) const;
  PositionRange Replayable(Position after) const {
    const Position oldest = set_.oldest();
    const Position from = std::max(after + 1, oldest == 0 ? 1 : FirstKnown(oldest));
    return {.first = from, .last = survey_.report.last};
  }
  std::vector<SegmentInfo> Segments() const {
    auto list = set_.List();
    std::ranges::copy(stock_.List(), std::back_inserter(list));
    return list;
  }
  LogStats stats() const {
    LogStats stats{.recycled = stock_.recycled(),
                   .log_bytes = set_.bytes() + stock_.bytes(),
                   .max_bytes = config_.max_bytes,
                   .full = stock_.in_trouble() && os::IsNoSpace(stock_.trouble())};
    committer_.AddTo(stats);
    const MutexLock lock(mutex_);
    stats.damaged_ranges = damage_.size();
    return stats;
  }

  SegmentSet& set() { return set_; }
  const SegmentSet& set() const { return set_; }
  CursorStore& cursors() { return cursors_; }
  const CursorStore& cursors() const { return cursors_; }
  Committer& committer() { return committer_; }
  const Committer& committer() const { return committer_; }
  LogReader& reader() { return reader_; }

 private:
  struct Found {
    Damage damage;
    bool kept = false;  // in quarantine
  };

  // Where reading may begin: positions that were lost before the oldest frame belong to the log,
  // those that were released do not.
  Position FirstKnown(Position oldest) const {
    const Position released = survey_.cursors.released;
    return survey_.cursors.log_id.IsZero() ? oldest : std::min(oldest, released + 1);
  }
  void NoteDamage(const Damage& damage);
  Status KeepEvidence();
  Status SetAsideForeignFiles();
  Status CloseLeftOpen();
  Result<SegmentStock::Start> CollectSpares();
  std::filesystem::path At(std::string_view name) const { return config_.directory / name; }

  const Config config_;
  os::FileSystem& files_;
  const std::unique_ptr<os::FileLock> lock_;
  Survey survey_;
  std::vector<PositionRange> skipped_;  // constant after construction
  SegmentSet set_;
  CursorStore cursors_;
  SegmentStock stock_;
  Committer committer_;
  LogReader reader_;

  mutable Mutex mutex_;
  std::vector<Found> damage_ GUARDED_BY(mutex_);
  bool started_ GUARDED_BY(mutex_) = false;
  Mutex release_mutex_;  // one release at a time
};

void Log::Core::NoteDamage(const Damage& damage) {
  bool started = false;
  {
    const MutexLock lock(mutex_);
    const bool known = std::ranges::any_of(damage_, [&](const Found& found) {
      const bool same_place =
          found.damage.segment == damage.segment && found.damage.offset == damage.offset;
      return same_place || (!damage.lost.empty() && found.damage.lost == damage.lost);
    });
    if (known) return;
    damage_.push_back({.damage = damage});
    started = started_;
  }
  set_.SetEvidence(damage.segment, true);
  // What cannot be kept now is tried again before the segment is released.
  if (started) (void)KeepEvidence().has_value();
}

Status Log::Core::KeepEvidence() {
  const MutexLock lock(mutex_);
  for (Found& found : damage_) {
    const Damage& damage = found.damage;
    if (found.kept) continue;
    if (damage.bytes > 0) {
      auto kept = QuarantineRange(files_, config_.directory, SegmentName(damage.segment),
                                  damage.offset, damage.bytes);
      if (!kept && kept.error().code != Code::kNotFound) return kept;
    }
    found.kept = true;
  }
  for (const Found& found : damage_) set_.SetEvidence(found.damage.segment, false);
  return Done{};
}

Status Log::Core::SetAsideForeignFiles() {
  for (const ForeignFile& file : survey_.report.foreign) {
    RETURN_IF_ERROR(QuarantineFile(files_, config_.directory, file.name));
  }
  for (const std::string& name : survey_.unreadable) {
    RETURN_IF_ERROR(QuarantineFile(files_, config_.directory, name));
  }
  if (!survey_.report.cursors_lost) return Done{};
  return QuarantineFile(files_, config_.directory, std::string(kCursorsName));
}

// Puts a footer behind what recovery accepted, so that nothing behind it is ever read again, and no
// later start judges it anew.
Status Log::Core::CloseLeftOpen() {
  for (FoundSegment& segment : survey_.segments) {
    if (segment.closed) continue;
    ASSIGN_OR_RETURN(const auto file,
                     files_.Open(At(segment.name), {.access = os::Access::kReadWrite,
                                                    .mode = os::WriteMode::kDirectSync}));
    RETURN_IF_ERROR(WriteFooter(*file, segment.header, segment.footer_entries, segment.range,
                                segment.frames_end, config_.segment_bytes));
    ASSIGN_OR_RETURN(const std::uint64_t file_bytes, file->Size());
    set_.MarkWritten(segment.header.number, file_bytes, true);
    segment.footer_entries = {};
  }
  return Done{};
}

Result<SegmentStock::Start> Log::Core::CollectSpares() {
  SegmentStock::Start start;
  std::vector<std::string> candidates = survey_.spares;
  for (const std::string& name : survey_.spares) {
    start.next_spare = std::max(start.next_spare, *SpareNumberOf(name) + 1);
  }
  for (const FoundSegment& segment : survey_.empty) {
    const std::string spare = SpareName(start.next_spare++);
    RETURN_IF_ERROR(files_.Rename(At(segment.name), At(spare)));
    candidates.push_back(spare);
  }
  for (const std::string& name : candidates) {
    ASSIGN_OR_RETURN(const os::Stat stat, files_.GetStat(At(name)));
    if (stat.size == config_.segment_bytes && start.spares.size() < SparesMax(config_)) {
      start.spares.push_back(name);
    } else {
      RETURN_IF_ERROR(files_.Remove(At(name)));
    }
  }
  RETURN_IF_ERROR(files_.SyncDirectory(config_.directory));
  return start;
}

Status Log::Core::Start() {
  {
    const MutexLock lock(mutex_);
    CHECK(!started_);
  }
  RETURN_IF_ERROR(SetAsideForeignFiles());
  RETURN_IF_ERROR(KeepEvidence());
  RETURN_IF_ERROR(CloseLeftOpen());

  Hash128 log_id = survey_.log_id;
  if (log_id.IsZero()) {
    std::mt19937_64 random(SaltSeed(config_.salt_seed));
    log_id = {.low = random(), .high = random()};
  }
  const Position base = committer_.published();
  const bool skipped = base > survey_.report.last;
  RETURN_IF_ERROR(cursors_.Begin(log_id, skipped ? base : survey_.cursors.floor));

  ASSIGN_OR_RETURN(SegmentStock::Start start, CollectSpares());
  start.log_id = log_id;
  start.first_position = skipped ? base + 1 : 0;
  start.next_number = survey_.highest_number + 1;
  stock_.Begin(std::move(start));
  auto first = stock_.TakeNext();
  // A full log starts: reading and releasing go on, and appends are refused until there is room.
  if (!first && !os::IsNoSpace(first.error())) {
    stock_.Stop();
    return std::move(first).error();
  }
  {
    const MutexLock lock(mutex_);
    started_ = true;
  }
  committer_.Begin(first ? std::optional(*std::move(first)) : std::nullopt);
  return Done{};
}

Status Log::Core::Release(Position position) {
  const MutexLock lock(release_mutex_);
  position = std::min(position, committer_.durable());
  for (const std::string& consumer : config_.pinning_consumers) {
    position = std::min(position, cursors_.Of(consumer));
  }
  RETURN_IF_ERROR(KeepEvidence());
  while (const auto released = set_.TakeReleasable(position)) {
    // First the promise that it may be gone, then the file.
    auto recycled = [&]() -> Status {
      if (!released->range.empty()) RETURN_IF_ERROR(cursors_.SetReleased(released->range.last));
      return stock_.Recycle(released->number, released->file_bytes);
    }();
    if (!recycled) {
      set_.PutBack();
      return recycled;
    }
  }
  return Done{};
}

Result<PositionRange> Log::Core::Readable(Position from, Position to) const {
  const Position oldest = set_.oldest();
  const Position released = cursors_.table().released;
  if (from == 0 || (from <= released && (oldest == 0 || from < oldest))) {
    return Error{Code::kNotFound, "position " + std::to_string(from) + " was released"};
  }
  return PositionRange{.first = from, .last = std::min(to, committer_.published())};
}

Log::Log(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Log::~Log() = default;

Result<std::unique_ptr<Log>> Log::Open(const Config& config, os::FileSystem& files,
                                       const Clock& clock, CommitHooks& hooks) {
  RETURN_IF_ERROR(config.Validate());
  RETURN_IF_ERROR(files.CreateDirectories(config.directory));
  auto lock = files.Lock(config.directory / kLockName);
  if (!lock) {
    if (lock.error().code != Code::kConflict) return std::move(lock).error();
    return Error{Code::kConflict, "another process uses the log in " + config.directory.native()};
  }
  auto survey = SurveyDirectory(files, config.directory);
  if (!survey) return std::move(survey).error().Within("open log");
  return std::unique_ptr<Log>(new Log(
      std::make_unique<Core>(config, files, clock, hooks, *std::move(lock), *std::move(survey))));
}

RecoveryReport Log::recovery() const {
  return core_->recovery();
}

Result<ReadOutcome> Log::Replay(Position after, const FrameVisitor& visit) {
  return ReplayBatches(after, kVisitBatchBytes, OneByOne(visit));
}

Result<ReadOutcome> Log::ReplayBatches(Position after, std::uint64_t batch_bytes,
                                       const BatchVisitor& visit) {
  return core_->reader().Batches(core_->Replayable(after), batch_bytes, visit);
}

Result<ReadOutcome> Log::ReplayHeaders(Position after, const HeaderVisitor& visit) {
  return core_->reader().Headers(core_->Replayable(after), visit);
}

Status Log::Start() {
  auto started = core_->Start();
  if (!started) return std::move(started).error().Within("start log");
  return started;
}

Status Log::Submit(Append& append) {
  return core_->committer().Submit(append);
}

Position Log::published() const noexcept {
  return core_->committer().published();
}

Result<ReadOutcome> Log::Read(Position from, Position to, const FrameVisitor& visit) {
  return ReadBatches(from, to, kVisitBatchBytes, OneByOne(visit));
}

Result<ReadOutcome> Log::ReadBatches(Position from, Position to, std::uint64_t batch_bytes,
                                     const BatchVisitor& visit) {
  ASSIGN_OR_RETURN(const PositionRange range, core_->Readable(from, to));
  return core_->reader().Batches(range, batch_bytes, visit);
}

Status Log::Checkpoint(std::string_view consumer, Position position) {
  if (position > published()) {
    return Error{Code::kInvalidInput, "position " + std::to_string(position) +
                                          " is not published; " + std::to_string(published()) +
                                          " is the last"};
  }
  return core_->cursors().Set(consumer, position);
}

Status Log::ForgetConsumer(std::string_view consumer) {
  return core_->cursors().Forget(consumer);
}

Position Log::CursorOf(std::string_view consumer) const {
  return core_->cursors().Of(consumer);
}

std::uint64_t Log::Lag(std::string_view consumer) const {
  const Position cursor = CursorOf(consumer);
  const Position last = published();
  return last > cursor ? last - cursor : 0;
}

std::vector<std::pair<std::string, Position>> Log::Cursors() const {
  const CursorTable table = core_->cursors().table();
  return {table.cursors.begin(), table.cursors.end()};
}

Status Log::Release(Position position) {
  return core_->Release(position);
}

std::vector<SegmentInfo> Log::Segments() const {
  return core_->Segments();
}

Position Log::oldest() const {
  return std::as_const(*core_).set().oldest();
}

LogStats Log::stats() const {
  return core_->stats();
}

bool Log::healthy() const noexcept {
  return core_->committer().healthy();
}

std::string Log::ailment() const {
  return core_->committer().ailment();
}

void Log::Stop() {
  core_->Stop();
}

}  // namespace strata::wal
