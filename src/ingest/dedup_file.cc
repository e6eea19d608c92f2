#include "ingest/dedup_file.h"

#include <algorithm>
#include <utility>

#include "base/fault_point.h"
#include "base/log.h"
#include "base/seeded_bug.h"
#include "os/quarantine.h"

namespace strata::ingest {
namespace {

constexpr std::uint64_t kFileBytesMax = 1ULL << 30;
constexpr std::chrono::milliseconds kCheckInterval{250};

}  // namespace

Result<std::uint64_t> VerifyDedupFile(const std::filesystem::path& path, os::FileSystem& files) {
  const auto bytes = files.ReadAll(path, kFileBytesMax);
  if (!bytes) {
    if (bytes.error().code == Code::kNotFound) return std::uint64_t{0};
    if (bytes.error().code == Code::kTooLarge) return Error{Code::kCorrupt, bytes.error().message};
    return bytes.error();
  }
  Dedup scratch({});
  RETURN_IF_ERROR(scratch.Decode(*bytes));
  return bytes->size();
}

DedupFile::DedupFile(std::filesystem::path data_dir, Pipeline& pipeline, wal::Log& log,
                     os::FileSystem& files)
    : data_dir_(std::move(data_dir)),
      path_(data_dir_ / kDedupFileName),
      pipeline_(pipeline),
      log_(log),
      files_(files) {}

DedupFile::~DedupFile() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

Status DedupFile::Load() {
  const MutexLock lock(pipeline_.dedup_mutex());
  Dedup& dedup = pipeline_.dedup();
  const std::int64_t now_ns = pipeline_.DedupNow();
  ASSIGN_OR_RETURN(const bool exists, files_.Exists(path_));
  if (exists) {
    ASSIGN_OR_RETURN(const Bytes bytes, files_.ReadAll(path_, kFileBytesMax));
    if (auto decoded = dedup.Decode(bytes, now_ns); !decoded) {
      LogError("repetitions of requests before the oldest one of the log are not recognised",
               {{"oldest_position", log_.oldest()}});
      RETURN_IF_ERROR(SetAsideDamaged(decoded.error()));
    }
  } else if (log_.CursorOf(kDedupConsumer) > 0) {
    LogError(
        "the dedup file is gone: repetitions of requests before the oldest one of the log are "
        "not recognised",
        {{"path", path_.native()}, {"oldest_position", log_.oldest()}});
  }
  FaultPoint<"ingest.dedup.loaded">();
  const std::uint64_t known = dedup.last_position();
  ASSIGN_OR_RETURN(
      const wal::ReadOutcome read,
      log_.ReplayHeaders(known, [&](wal::Position position, const wal::FrameInfo& info) -> Status {
        if (info.type != wal::FrameType::kRecords) return Done{};
        dedup.Add(StoredRequestOf(position, info, std::min(info.received_ns, now_ns)));
        return Done{};
      }));
  (void)read;
  return Done{};
}

Status DedupFile::SetAsideDamaged(const Error& damage) {
  ASSIGN_OR_RETURN(const std::string kept, os::SetAside(data_dir_, kDedupFileName, files_));
  LogError("the dedup file is damaged and in quarantine", damage, {{"quarantine", kept}});
  return Done{};
}

Result<bool> DedupFile::Scrub() {
  {
    const MutexLock saving(saving_);
    auto sound = VerifyDedupFile(path_, files_);
    // What a bad memory or bus made of it once is no damage of the file.
    if (!sound && sound.error().code == Code::kCorrupt) sound = VerifyDedupFile(path_, files_);
    if (!sound && sound.error().code != Code::kCorrupt) return sound.error();
    // One that is gone may be a damaged one that could not be written again.
    const bool is_gone = sound && *sound == 0 && log_.CursorOf(kDedupConsumer) > 0;
    if (sound && !is_gone) return false;
    if (!sound) RETURN_IF_ERROR(SetAsideDamaged(sound.error()));
  }
  RETURN_IF_ERROR(Save());
  return true;
}

std::uint64_t DedupFile::bytes() const {
  const auto stat = files_.GetStat(path_);
  return stat ? stat->size : 0;
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

// True when it was nudged, by which the wait ends if it is to.
bool DedupFile::Wait(const std::stop_token& stop, bool until_nudged) {
  const MutexLock lock(wait_mutex_);
  wake_.wait_for(wait_mutex_, stop, kCheckInterval, [&] {
    wait_mutex_.AssertHeld();
    return until_nudged && nudged_;
  });
  return std::exchange(nudged_, false);
}

// What is worth saving: the log holds closed segments that only this cursor may keep. Who nudges
// waits for any segment at all. What failed is tried again at every look, whether or not anything
// was appended: a log that is full takes no request before it was saved.
void DedupFile::Run(const std::stop_token& stop, std::uint64_t segment_bytes) {
  std::uint64_t saved_at_bytes = 0;
  bool failed = false;
  while (!stop.stop_requested()) {
    const bool nudged = Wait(stop, /*until_nudged=*/!failed);
    const std::uint64_t appended = log_.stats().appended_bytes;
    const bool worthwhile =
        appended != saved_at_bytes && (nudged || appended - saved_at_bytes >= segment_bytes);
    if (!worthwhile && !failed) continue;
    const Status saved = Save();
    if (saved) saved_at_bytes = appended;
    TellChange(saved, std::exchange(failed, !saved.has_value()));
  }
}

void DedupFile::TellChange(const Status& saved, bool failed_before) {
  if (saved && failed_before) LogInfo("the dedup file can be written again");
  if (saved || failed_before) return;
  LogWarn("the dedup file could not be written: log segments are kept until it can",
          {{"path", path_.string()}, {"reason", saved.error().message}});
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
