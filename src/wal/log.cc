#include "wal/log.h"

#include <utility>

#include "base/fault_point.h"
#include "wal/log_core.h"

namespace strata::wal {
namespace {

constexpr std::uint64_t kVisitBatchBytes = 1_MiB;

BatchVisitor OneByOne(const FrameVisitor& visit) {
  return [&visit](FrameBatch&& batch) -> Status {
    for (const FrameView& frame : batch.frames) RETURN_IF_ERROR(visit(frame));
    return Done{};
  };
}

}  // namespace

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
  FaultPoint<"wal.open.locked">();
  auto survey = SurveyDirectory(files, config.directory);
  FaultPoint<"wal.open.surveyed">();
  if (!survey) return std::move(survey).error().Within("open log");
  return std::unique_ptr<Log>(new Log(
      std::make_unique<Core>(config, files, clock, hooks, *std::move(lock), *std::move(survey))));
}

RecoveryReport Log::recovery() const {
  return core_->recovery();
}

void Log::Vouch(Position position) {
  core_->Vouch(position);
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

Status Log::Start(bool threads) {
  auto started = core_->Start(threads);
  if (!started) return std::move(started).error().Within("start log");
  return started;
}

bool Log::CommitOnce() {
  return core_->committer().CommitOnce();
}

bool Log::StockOnce() {
  return core_->stock().WorkOnce();
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

Result<bool> Log::ScrubCursors() {
  return core_->cursors().Scrub();
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
