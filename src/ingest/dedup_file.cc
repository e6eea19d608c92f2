#include "ingest/dedup_file.h"

#include <utility>

#include "base/fault_point.h"
#include "base/log.h"
#include "base/seeded_bug.h"

namespace strata::ingest {
namespace {

constexpr std::uint64_t kFileBytesMax = 1ULL << 30;
constexpr std::chrono::milliseconds kCheckInterval{250};

}  // namespace

DedupFile::DedupFile(std::filesystem::path path, Pipeline& pipeline, wal::Log& log,
                     os::FileSystem& files)
    : path_(std::move(path)), pipeline_(pipeline), log_(log), files_(files) {}

DedupFile::~DedupFile() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

Status DedupFile::Load() {
  const MutexLock lock(pipeline_.dedup_mutex());
  Dedup& dedup = pipeline_.dedup();
  ASSIGN_OR_RETURN(const bool exists, files_.Exists(path_));
  if (exists) {
    ASSIGN_OR_RETURN(const Bytes bytes, files_.ReadAll(path_, kFileBytesMax));
    if (auto decoded = dedup.Decode(bytes); !decoded) {
      LogError("the dedup file is damaged and ignored: repetitions of older requests are not known",
               {{"path", path_.string()}, {"reason", decoded.error().message}});
    }
  }
  FaultPoint<"ingest.dedup.loaded">();
  const std::uint64_t known = dedup.last_position();
  ASSIGN_OR_RETURN(
      const wal::ReadOutcome read,
      log_.ReplayHeaders(known, [&](wal::Position position, const wal::FrameInfo& info) -> Status {
        if (info.type == wal::FrameType::kRecords) dedup.Add(StoredRequestOf(position, info));
        return Done{};
      }));
  (void)read;
  return Done{};
}

void DedupFile::Start(std::uint64_t segment_bytes) {
  thread_ = std::jthread(
      [this, segment_bytes](const std::stop_token& stop) { Run(stop, segment_bytes); });
}

void DedupFile::Nudge() {
  const MutexLock lock(wait_mutex_);
  nudged_ = true;
  wake_.notify_all();
}

// True when it was nudged rather than the interval over.
bool DedupFile::WaitForNudge(const std::stop_token& stop) {
  std::unique_lock lock(wait_mutex_);
  wake_.wait_for(lock, stop, kCheckInterval, [this] { return nudged_; });
  return std::exchange(nudged_, false);
}

// What is worth saving: the log holds closed segments that only this cursor may keep. Who nudges
// waits for any segment at all.
void DedupFile::Run(const std::stop_token& stop, std::uint64_t segment_bytes) {
  std::uint64_t saved_at_bytes = 0;
  while (!stop.stop_requested()) {
    const bool nudged = WaitForNudge(stop);
    const std::uint64_t appended = log_.stats().appended_bytes;
    if (appended == saved_at_bytes || (!nudged && appended - saved_at_bytes < segment_bytes)) {
      continue;
    }
    saved_at_bytes = appended;
    if (auto saved = Save(); !saved) {
      LogWarn("the dedup file could not be written: log segments are kept until it can",
              {{"path", path_.string()}, {"reason", saved.error().message}});
    }
  }
}

Status DedupFile::Save() {
  const MutexLock saving(saving_);
  // Whatever is published is in the table: Publish() adds before published() moves.
  const wal::Position covered = log_.published();
  Bytes bytes;
  {
    const MutexLock lock(pipeline_.dedup_mutex());
    bytes = SeededBug(Bug::kDropDedupOnRotate) ? Dedup({}).Encode() : pipeline_.dedup().Encode();
  }
  FaultPoint<"ingest.dedup.encoded">();
  RETURN_IF_ERROR(files_.ReplaceAll(path_, bytes));
  FaultPoint<"ingest.dedup.replaced">();
  if (covered <= log_.CursorOf(kDedupConsumer)) return Done{};
  RETURN_IF_ERROR(log_.Checkpoint(kDedupConsumer, covered));
  FaultPoint<"ingest.dedup.checkpointed">();
  return Done{};
}

}  // namespace strata::ingest
