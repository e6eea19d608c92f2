#include "wal/committer.h"

#include <utility>

#include "base/fault_point.h"
#include "base/seeded_bug.h"
#include "wal/segment_reader.h"

namespace strata::wal {
namespace {

constexpr std::chrono::seconds kRebuildInterval{1};

Error Unavailable(std::string what) {
  return {Code::kUnavailable, std::move(what)};
}

}  // namespace

Committer::Committer(const Config& config, os::FileSystem& files, const Clock& clock,
                     CommitHooks& hooks, SegmentSet& set, SegmentStock& stock)
    : config_(config), files_(files), clock_(clock), hooks_(hooks), set_(set), stock_(stock) {}

Committer::~Committer() {
  Stop();
}

void Committer::SetPublished(Position position) {
  published_.store(position, std::memory_order_release);
  durable_.store(position, std::memory_order_release);
}

void Committer::Begin(std::optional<WritableSegment> first, bool threads) {
  last_ = published();
  active_ = std::move(first);
  last_sync_ = clock_.Monotonic();
  {
    const MutexLock lock(mutex_);
    ailment_.clear();
    last_rebuild_ = clock_.Monotonic();
  }
  state_ = State::kRunning;
  if (threads) thread_ = std::thread([this] { Run(); });
}

void Committer::Stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  while (CommitOnce()) {
  }
  const bool poisoned = state_.exchange(State::kStopped) == State::kPoisoned;
  {
    const MutexLock lock(mutex_);
    if (ailment_.empty()) ailment_ = "stopped";
  }
  if (!active_) return;
  // A poisoned segment is left as it is: the next start judges it.
  if (poisoned || (unsynced_ && !SyncInterval())) {
    active_.reset();
    return;
  }
  // What goes wrong here costs a walk at the next start.
  (void)stock_.CloseNow(*std::move(active_)).has_value();
  active_.reset();
  FaultPoint<"wal.stop.closed">();
}

Status Committer::Submit(Append& append) {
  if (append.payload.size() > config_.frame_bytes_max) {
    return Error{Code::kTooLarge, "frame of " + std::to_string(append.payload.size()) + " bytes, " +
                                      std::to_string(config_.frame_bytes_max) + " at most"};
  }
  append.payload_checksum = PayloadChecksum(append.payload);
  append.position = 0;
  if (stock_.in_trouble()) {
    stock_.Poke();
    if (stock_.in_trouble()) {
      Error why = stock_.trouble();
      if (why.code == Code::kIo) why.code = Code::kUnavailable;
      return std::move(why).Within("log");
    }
  }
  const MutexLock lock(mutex_);
  const State state = state_.load(std::memory_order_relaxed);
  if (state == State::kPoisoned) {
    const MonotonicTime now = clock_.Monotonic();
    if (now - last_rebuild_ >= kRebuildInterval && !rebuild_wanted_) {
      last_rebuild_ = now;
      rebuild_wanted_ = true;
      wake_.notify_one();
    }
  }
  if (state != State::kRunning || stopping_) return Unavailable("log: " + AilmentLocked());
  if (queue_bytes_ + QueueBytes(append) > config_.queue_bytes_max) {
    return Error{Code::kExhausted, "log queue full"};
  }
  queue_bytes_ += QueueBytes(append);
  queue_.push_back(&append);
  if (sleeping_) {
    sleeping_ = false;
    wake_.notify_one();
  }
  return Done{};
}

std::string Committer::AilmentLocked() const {
  if (stopping_ && ailment_.empty()) return "stopping";
  return ailment_;
}

std::string Committer::ailment() const {
  if (stock_.in_trouble()) return stock_.trouble().message;
  const MutexLock lock(mutex_);
  return AilmentLocked();
}

bool Committer::healthy() const {
  if (state_.load() != State::kRunning) return false;
  return !stock_.in_trouble() || os::IsNoSpace(stock_.trouble());
}

void Committer::AddTo(LogStats& stats) const {
  const MutexLock lock(mutex_);
  stats.appended_frames = stats_.appended_frames;
  stats.appended_bytes = stats_.appended_bytes;
  stats.groups = stats_.groups;
  stats.refused_by_hook = stats_.refused_by_hook;
  stats.failed_writes = stats_.failed_writes;
  stats.rebuilds = stats_.rebuilds;
  stats.direct = stats_.direct;
  stats.queue_bytes = queue_bytes_;
}

void Committer::Run() {
  while (TakeWork()) DoWork();
}

bool Committer::CommitOnce() {
  if (state_.load() == State::kIdle) return false;
  {
    const MutexLock lock(mutex_);
    const bool sync_due = unsynced_ && clock_.Monotonic() - last_sync_ >= config_.sync_interval;
    const bool idle = !rebuild_wanted_ && !sync_due;
    if (queue_.empty() && (idle || stopping_)) return false;
    taken_.clear();
    next_taken_ = 0;
    taken_.swap(queue_);
  }
  DoWork();
  return true;
}

void Committer::DoWork() {
  CommitTaken();
  if (state_.load() == State::kPoisoned) Rebuild();
  if (unsynced_ && clock_.Monotonic() - last_sync_ >= config_.sync_interval) {
    if (auto synced = SyncInterval(); !synced) Poison(synced.error());
  }
}

bool Committer::TakeWork() {
  taken_.clear();
  next_taken_ = 0;
  const MutexLock lock(mutex_);
  while (queue_.empty() && !stopping_ && !rebuild_wanted_) {
    sleeping_ = true;
    if (unsynced_) {
      if (wake_.wait_for(mutex_, config_.sync_interval) == std::cv_status::timeout) break;
    } else {
      wake_.wait(mutex_);
    }
  }
  sleeping_ = false;
  taken_.swap(queue_);
  return !taken_.empty() || !stopping_;
}

void Committer::CommitTaken() {
  while (next_taken_ < taken_.size()) {
    if (auto formed = FormGroup(); !formed) {
      FailTaken(formed.error());
      return;
    }
    if (!group_.empty()) WriteGroup();
  }
}

Status Committer::FormGroup() {
  group_.Clear();
  std::uint64_t refused_bytes = 0;
  std::uint64_t refused = 0;
  Status status = Done{};
  for (; next_taken_ < taken_.size(); ++next_taken_) {
    Append& append = *taken_[next_taken_];
    const std::uint64_t end = group_.EndWith(append);
    if (!group_.empty() && end > config_.group_bytes_max) break;
    if (!Fits(end)) {
      if (!group_.empty()) break;
      status = Roll();
      if (!status) break;
    }
    // The caller may free what the hook refuses: its size is taken before.
    const std::uint64_t queued = QueueBytes(append);
    if (!hooks_.Admit(append)) {
      refused_bytes += queued;
      ++refused;
      continue;
    }
    append.position = last_ + group_.size() + 1;
    group_.Add(append);
  }
  if (refused > 0) {
    const MutexLock lock(mutex_);
    queue_bytes_ -= refused_bytes;
    stats_.refused_by_hook += refused;
  }
  return status;
}

// The footer has its place in the segment, too: the file neither grows nor shrinks when it is
// closed.
bool Committer::Fits(std::uint64_t group_bytes) const {
  if (!active_) return false;
  const std::uint64_t frames =
      active_->footer_entries.size() / kFooterEntryBytes + group_.size() + 1;
  return active_->write_offset + AlignUp(group_bytes, kBlockBytes) + FooterBytes(frames) <=
         config_.segment_bytes;
}

void Committer::WriteGroup() {
  const ByteSpan encoded =
      group_.Encode(*active_, durable_.load(std::memory_order_relaxed), config_.group_bytes_max);
  FaultPoint<"wal.group.encoded">();
  const std::uint64_t offset = active_->write_offset;
  if (SeededBug(Bug::kAckBeforeSync)) PublishGroup();
  const MonotonicTime begin = clock_.Monotonic();
  auto written = active_->file->WriteAt(offset, encoded);
  if (!written) {
    Poison(written.error());
    return;
  }
  FaultPoint<"wal.group.written">();
  if (config_.on_group) {
    config_.on_group({.took = clock_.Monotonic() - begin,
                      .frames = static_cast<std::uint32_t>(group_.size()),
                      .bytes = encoded.size()});
  }
  if (!SeededBug(Bug::kAckBeforeSync)) PublishGroup();
}

void Committer::PublishGroup() {
  const PositionRange range = group_.range();
  const std::uint64_t bytes = group_.bytes();
  const std::uint64_t offset = active_->write_offset;
  group_.AppendFooterEntries(offset, active_->footer_entries);
  for (Append* append : group_.appends()) hooks_.Publish(*append);
  if (active_->range.empty()) active_->range.first = range.first;
  active_->range.last = range.last;
  active_->write_offset = offset + bytes;
  std::optional<FramePlace> place;
  if (active_->last_place == 0 || offset - active_->last_place >= kPlaceEveryBytes) {
    place = {.position = range.first, .offset = offset};
    active_->last_place = offset;
  }
  set_.Advance(active_->header.number, range, active_->write_offset, place);
  if (!prepared_more_ && active_->write_offset > config_.segment_bytes / 4) {
    prepared_more_ = true;
    stock_.PrepareMore();
  }
  last_ = range.last;
  if (config_.sync == SyncMode::kGroup) {
    durable_.store(last_, std::memory_order_release);
  } else {
    unsynced_ = true;
  }
  published_.store(last_, std::memory_order_release);
  FaultPoint<"wal.group.published">();
  {
    const MutexLock lock(mutex_);
    stats_.appended_frames += group_.size();
    stats_.appended_bytes += bytes;
    ++stats_.groups;
    stats_.direct = active_->file->direct();
  }
  Settle(group_.appends(), Done{});
  FaultPoint<"wal.group.settled">();
}

Status Committer::Roll() {
  ASSIGN_OR_RETURN(WritableSegment next, stock_.TakeNext());
  FaultPoint<"wal.roll.begun">();
  if (active_ && unsynced_) {
    if (auto synced = SyncInterval(); !synced) {
      Poison(synced.error());
      return std::move(synced).error();
    }
  }
  if (active_) {
    stock_.CloseLater(*std::move(active_));
    stock_.PrepareMore();
  }
  active_ = std::move(next);
  FaultPoint<"wal.roll.done">();
  return Done{};
}

Status Committer::SyncInterval() {
  last_sync_ = clock_.Monotonic();
  RETURN_IF_ERROR(active_->file->Sync());
  unsynced_ = false;
  durable_.store(last_, std::memory_order_release);
  return Done{};
}

void Committer::Settle(std::vector<Append*>& appends, const Status& status) {
  std::uint64_t bytes = 0;
  for (const Append* append : appends) bytes += QueueBytes(*append);
  {
    const MutexLock lock(mutex_);
    queue_bytes_ -= bytes;
  }
  for (Append* append : appends) hooks_.Settle(*append, status);
  appends.clear();
}

void Committer::FailTaken(const Error& why) {
  taken_.erase(taken_.begin(), taken_.begin() + static_cast<std::ptrdiff_t>(next_taken_));
  next_taken_ = 0;
  Settle(taken_, why);
}

void Committer::Poison(const Error& why) {
  CHECK(active_.has_value());
  {
    const MutexLock lock(mutex_);
    state_ = State::kPoisoned;
    ailment_ = "a write failed: " + why.message;
    rebuild_wanted_ = true;  // once at once
    ++stats_.failed_writes;
    taken_.insert(taken_.end(), queue_.begin(), queue_.end());
    queue_.clear();
  }
  active_->file.reset();
  unsynced_ = false;  // nothing is synced again on that descriptor
  const Error failed = Unavailable("log: a write failed: " + why.message);
  Settle(group_.appends(), failed);
  FailTaken(failed);
}

// Back to work only if all that was published reads back, and the segment can be closed behind it.
void Committer::Rebuild() {
  {
    const MutexLock lock(mutex_);
    if (!rebuild_wanted_ || stopping_) return;
    rebuild_wanted_ = false;
  }
  auto closed = CloseBehindPublished();
  const MutexLock lock(mutex_);
  if (!closed) {
    ailment_ +=
        ailment_.find("; ") == std::string::npos ? "; not rebuilt: " + closed.error().message : "";
    return;
  }
  ailment_.clear();
  ++stats_.rebuilds;
  state_ = State::kRunning;
}

Status Committer::CloseBehindPublished() {
  if (durable_.load() != last_) {
    return Error{Code::kUnavailable, "published frames were not synced"};
  }
  CHECK(active_.has_value());
  ASSIGN_OR_RETURN(const auto file,
                   files_.Open(config_.directory / SegmentName(active_->header.number),
                               {.mode = os::WriteMode::kDirectSync}));
  RETURN_IF_ERROR(CheckFrames(*file, active_->header, active_->range, active_->write_offset));
  RETURN_IF_ERROR(stock_.CloseNow({.header = active_->header,
                                   .write_offset = active_->write_offset,
                                   .range = active_->range,
                                   .footer_entries = active_->footer_entries}));
  active_.reset();
  return Done{};
}

}  // namespace strata::wal
