#include "ingest/replay.h"

#include <condition_variable>
#include <deque>
#include <latch>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "base/fault_point.h"
#include "base/log.h"
#include "wal/define.h"
#include "wire/otlp_decode.h"

namespace strata::ingest {
namespace {

// Batches that wait for one worker; a batch is a few MiB.
constexpr std::size_t kWaitingMax = 4;
constexpr std::uint64_t kCopiedBatchBytes = 4 << 20;

}  // namespace

// Decodes every n-th batch. It keeps a lane of each collection to itself until all workers have
// decoded everything, because the rows of a lane must be in the order of their positions: one that
// began late must not get the lane of one that ended early.
class Replayer::Worker {
 public:
  Worker(hot::Hot& hot, const model::CollectionTable& collections, std::latch& all_decoded)
      : hot_(hot),
        collections_(collections),
        all_decoded_(all_decoded),
        thread_([this] { Run(); }) {}

  void Add(wal::FrameBatch&& batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < kWaitingMax; });
    waiting_.push_back(std::move(batch));
    changed_.notify_all();
  }

  // No further batch comes.
  void End() {
    const std::scoped_lock lock(mutex_);
    finished_ = true;
    changed_.notify_all();
  }

  // Requires: End() of all workers.
  ReplayReport Join() {
    thread_.join();
    return report_;
  }

 private:
  struct Target {
    const model::Collection* collection;
    hot::LaneLease lease;
    hot::Position sealed;
  };

  void Run() {
    while (std::optional<wal::FrameBatch> batch = Next()) {
      for (const wal::FrameView& frame : batch->frames) Decode(frame);
    }
    all_decoded_.arrive_and_wait();
    targets_.clear();  // leases end on the thread that took them
  }

  std::optional<wal::FrameBatch> Next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return finished_ || !waiting_.empty(); });
    if (waiting_.empty()) return std::nullopt;
    wal::FrameBatch batch = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.notify_all();
    return batch;
  }

  Target* TargetOf(model::CollectionId id) {
    const auto found = targets_.find(id);
    if (found != targets_.end()) return &found->second;
    const model::Collection* collection = collections_.Find(id);
    if (collection == nullptr) return nullptr;
    return &targets_.emplace(id, Target{collection, hot_.Lease(*collection), hot_.Sealed(id)})
                .first->second;
  }

  void Decode(const wal::FrameView& frame) {
    if (frame.info.type != wal::FrameType::kRecords) return;
    Target* target = TargetOf(frame.info.collection_id);
    if (target == nullptr) return Fault(frame, "its collection is not defined");
    if (frame.position <= target->sealed) {
      ++report_.skipped;
      return;
    }
    model::RowWriter writer(target->lease.source());
    const auto limits = wire::Limits::FromFingerprint(frame.info.limits_fingerprint);
    const auto decoded = wire::DecodeOtlp(target->collection->kind, frame.payload, limits, writer);
    hot::PendingRows rows = target->lease.Take(writer);
    if (!decoded) return Fault(frame, decoded.error().message);
    if (decoded->accepted != frame.info.record_count) {
      Fault(frame, "it decodes to another number of records than was acknowledged");
    }
    rows.Publish(frame.position);
    ++report_.frames;
    report_.records += decoded->accepted;
    report_.payload_bytes += frame.payload.size();
  }

  void Fault(const wal::FrameView& frame, std::string_view reason) {
    ++report_.faulty;
    LogError("replay: a frame cannot be served as it was acknowledged",
             {{"position", frame.position},
              {"collection_id", frame.info.collection_id},
              {"reason", reason}});
  }

  hot::Hot& hot_;
  const model::CollectionTable& collections_;
  std::latch& all_decoded_;
  std::unordered_map<model::CollectionId, Target> targets_;
  ReplayReport report_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<wal::FrameBatch> waiting_;
  bool finished_ = false;
  std::thread thread_;  // last: runs on the members above
};

namespace {

Status Define(const wal::FrameView& frame, model::CollectionTable& collections) {
  ASSIGN_OR_RETURN(wal::Define define, wal::DecodeDefine(frame.payload));
  if (!model::IsKnownKind(define.kind)) {
    return Error{Code::kCorrupt, "define frame of an unknown kind"};
  }
  return collections.Restore({.id = define.collection_id,
                              .namespace_name = std::move(define.namespace_name),
                              .name = std::move(define.collection_name),
                              .kind = static_cast<model::Kind>(define.kind)});
}

}  // namespace

Replayer::Replayer(hot::Hot& hot, model::CollectionTable& collections, std::uint32_t workers,
                   std::function<bool()> go_on)
    : hot_(hot), collections_(collections), go_on_(std::move(go_on)), all_decoded_(workers) {
  for (std::uint32_t i = 0; i < workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(hot_, collections_, all_decoded_));
  }
}

Replayer::~Replayer() = default;

// Copies that wait come first: positions ascend.
Status Replayer::Add(wal::FrameBatch&& batch) {
  RETURN_IF_ERROR(FlushCopies());
  return HandOver(std::move(batch));
}

Status Replayer::HandOver(wal::FrameBatch&& batch) {
  if (go_on_ && !go_on_()) {
    return Error{Code::kUnavailable, "stopped while the log was read back"};
  }
  for (const wal::FrameView& frame : batch.frames) {
    if (frame.info.type == wal::FrameType::kDefine) RETURN_IF_ERROR(Define(frame, collections_));
  }
  workers_[next_]->Add(std::move(batch));
  FaultPoint<"ingest.replay.batch_given">();
  next_ = (next_ + 1) % workers_.size();
  return Done{};
}

Status Replayer::AddCopy(const wal::FrameView& frame) {
  if (copied_bytes_ == nullptr) copied_bytes_ = std::make_shared<std::deque<Bytes>>();
  copied_bytes_->emplace_back(frame.payload.begin(), frame.payload.end());
  copies_.frames.push_back(
      {.position = frame.position, .info = frame.info, .payload = copied_bytes_->back()});
  copies_.payload_bytes += frame.payload.size();
  return copies_.payload_bytes < kCopiedBatchBytes ? Status(Done{}) : FlushCopies();
}

Status Replayer::FlushCopies() {
  if (copies_.frames.empty()) return Done{};
  copies_.storage = std::exchange(copied_bytes_, nullptr);
  return HandOver(std::exchange(copies_, {}));
}

Result<ReplayReport> Replayer::Finish() {
  const Status flushed = FlushCopies();
  ReplayReport all;
  for (const auto& worker : workers_) worker->End();
  for (const auto& worker : workers_) {
    const ReplayReport report = worker->Join();
    all.frames += report.frames;
    all.skipped += report.skipped;
    all.records += report.records;
    all.payload_bytes += report.payload_bytes;
    all.faulty += report.faulty;
  }
  if (!flushed) return flushed.error();
  return all;
}

}  // namespace strata::ingest
