#include "wal/log_core.h"

#include <optional>
#include <random>

#include "base/fault_point.h"
#include "base/seeded_bug.h"
#include "os/aligned_buffer.h"
#include "wal/quarantine.h"

namespace strata::wal {
namespace {

// After an unclean start with SyncMode::kInterval nobody knows what was acked last. More positions
// than a sync interval can hold are left out, so that none is given away twice.
constexpr Position kSkipAhead = Position{1} << 30;
constexpr std::uint64_t kCopyBytes = 1_MiB;

}  // namespace

Log::Core::Core(Config config, os::FileSystem& files, const Clock& clock, CommitHooks& hooks,
                std::unique_ptr<os::FileLock> lock, Survey survey)
    : config_(std::move(config)),
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
  if (survey_.skip_ahead && !SeededBug(Bug::kReusePosition)) base += kSkipAhead;
  SkipTo(base);
}

// The next position is base + 1; those between the last frame and it are left out on purpose.
void Log::Core::SkipTo(Position base) {
  const Position last = survey_.report.last;
  if (base > last) {
    if (!survey_.report.skipped.empty()) skipped_.pop_back();
    survey_.report.skipped = {.first = last + 1, .last = base};
    skipped_.push_back(survey_.report.skipped);
  }
  committer_.SetPublished(base);
}

void Log::Core::Vouch(Position position) {
  const Position base = committer_.published();
  if (position <= base) return;
  const bool is_empty = survey_.segments.empty() && survey_.cursors.log_id.IsZero();
  // With interval sync others may hold what the log has lost; a log that was taken away owes
  // nothing.
  if (is_empty || survey_.skip_ahead) return SkipTo(position);
  survey_.report.last = position;
  committer_.SetPublished(position);
  const MutexLock lock(mutex_);
  damage_.push_back({.damage = {.lost = {.first = base + 1, .last = position},
                                .reason = "frames are missing at the end"}});
}

RecoveryReport Log::Core::recovery() const {
  const MutexLock lock(mutex_);
  RecoveryReport report = survey_.report;
  report.damage.clear();
  for (const Found& found : damage_) report.damage.push_back(found.damage);
  return report;
}

PositionRange Log::Core::Replayable(Position after) const {
  const Position oldest = set_.oldest();
  const Position from = std::max(after + 1, oldest == 0 ? 1 : FirstKnown(oldest));
  return {.first = from, .last = survey_.report.last};
}

LogStats Log::Core::stats() const {
  LogStats stats{.recycled = stock_.recycled(),
                 .log_bytes = set_.bytes() + stock_.bytes(),
                 .max_bytes = config_.max_bytes,
                 .full = stock_.in_trouble() && os::IsNoSpace(stock_.trouble())};
  committer_.AddTo(stats);
  const MutexLock lock(mutex_);
  stats.damaged_ranges = damage_.size();
  return stats;
}

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

// Frames that recovery accepted although nothing vouches for them may have been read from a cache.
// From here on readers see them and a footer counts them: they are made durable first. Through the
// page cache they are written again, because a sync that failed in the life before leaves pages
// there that look clean.
Status Log::Core::MakeDurable(os::File& file, const FoundSegment& segment) {
  const std::uint64_t end = AlignUp(segment.frames_end, kBlockBytes);
  const std::uint64_t begin = AlignUp(segment.vouched_end, kBlockBytes);
  if (!file.direct() && begin < end) {
    os::AlignedBuffer buffer(std::min(end - begin, kCopyBytes));
    for (std::uint64_t at = begin; at < end;) {
      const auto window = buffer.span().first(std::min<std::uint64_t>(buffer.size(), end - at));
      ASSIGN_OR_RETURN(const std::size_t read, file.ReadAt(at, window));
      if (read == 0) break;
      RETURN_IF_ERROR(file.WriteAt(at, window.first(read)));
      at += read;
    }
  }
  return file.Sync();
}

// Puts a footer behind what recovery accepted, so that nothing behind it is ever read again, and no
// later start judges it anew.
Status Log::Core::CloseLeftOpen() {
  for (FoundSegment& segment : survey_.segments) {
    if (segment.closed) continue;
    ASSIGN_OR_RETURN(const auto file,
                     files_.Open(At(segment.name), {.access = os::Access::kReadWrite,
                                                    .mode = os::WriteMode::kDirectSync}));
    RETURN_IF_ERROR(MakeDurable(*file, segment));
    RETURN_IF_ERROR(WriteFooter(*file, segment.header, segment.footer_entries, segment.range,
                                segment.frames_end, config_.segment_bytes));
    ASSIGN_OR_RETURN(const std::uint64_t file_bytes, file->Size());
    set_.MarkWritten(segment.header.number, file_bytes, true);
    FaultPoint<"wal.start.footer_written">();
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
    FaultPoint<"wal.start.spare_renamed">();
    candidates.push_back(spare);
  }
  for (const std::string& name : candidates) {
    ASSIGN_OR_RETURN(const os::Stat stat, files_.GetStat(At(name)));
    if (stat.size == config_.segment_bytes && start.spares.size() < SparesMax(config_)) {
      start.spares.push_back(name);
    } else {
      RETURN_IF_ERROR(files_.Remove(At(name)));
      FaultPoint<"wal.start.spare_removed">();
    }
  }
  RETURN_IF_ERROR(files_.SyncDirectory(config_.directory));
  return start;
}

Status Log::Core::Start(bool threads) {
  {
    const MutexLock lock(mutex_);
    CHECK(!started_);
  }
  // The names that Open() met: a process that died before it synced them may have made them, and
  // what follows builds on them. Segments are used again because `cursors` says that they may.
  RETURN_IF_ERROR(files_.SyncDirectory(config_.directory));
  RETURN_IF_ERROR(SetAsideForeignFiles());
  RETURN_IF_ERROR(KeepEvidence());
  RETURN_IF_ERROR(CloseLeftOpen());
  FaultPoint<"wal.start.closed">();

  Hash128 log_id = survey_.log_id;
  if (log_id.IsZero()) {
    std::mt19937_64 random(SaltSeed(config_.salt_seed));
    log_id = {.low = random(), .high = random()};
  }
  const Position base = committer_.published();
  const bool skipped = base > survey_.report.last;
  RETURN_IF_ERROR(cursors_.Begin(log_id, skipped ? base : survey_.cursors.floor));

  ASSIGN_OR_RETURN(SegmentStock::Start start, CollectSpares());
  FaultPoint<"wal.start.spares_collected">();
  start.log_id = log_id;
  start.first_position = skipped ? base + 1 : 0;
  start.next_number = survey_.highest_number + 1;
  stock_.Begin(std::move(start), threads);
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
  FaultPoint<"wal.start.segment_opened">();
  committer_.Begin(first ? std::optional(*std::move(first)) : std::nullopt, threads);
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
      FaultPoint<"wal.release.promised">();
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

}  // namespace strata::wal
