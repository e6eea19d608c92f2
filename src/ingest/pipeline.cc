#include "ingest/pipeline.h"

#include <utility>
#include <vector>

#include "base/fault_point.h"
#include "wire/otlp_json.h"

namespace strata::ingest {
namespace {

// Value of FrameInfo::encoding: the payload is OTLP protobuf, not compressed.
constexpr std::uint8_t kEncodingProtobuf = 1;
// Bit of FrameInfo::flags: the payload's hash identifies the request.
constexpr std::uint8_t kFlagByPayload = 1;

constexpr std::size_t kTranscodedBytesMax = 64 << 20;
constexpr std::chrono::seconds kRetrySoon{1};

// Both hashes of a request cover namespace and kind through the seed, so that equal bytes in
// another place are another request.
std::uint64_t SeedOf(const IngestRequest& request) {
  return Hash64(AsBytes(request.namespace_name), static_cast<std::uint64_t>(request.kind));
}

IngestOutcome Refusal(Error error) {
  IngestOutcome outcome;
  if (error.code == Code::kUnavailable || error.code == Code::kExhausted ||
      error.code == Code::kIo) {
    outcome.retry_after = kRetrySoon;
  }
  outcome.status = std::move(error);
  return outcome;
}

}  // namespace

// A request from Submit() to Settle(): the frame, the bytes it borrows, the rows, the answer's
// ways.
struct Pipeline::InFlight final : wal::Append {
  Buffer bytes;
  hot::PendingRows rows;
  model::Kind request_kind{};
  std::int64_t seen_ns = 0;  // StoredRequest
  std::string message;
  IngestDone done;
  // Repetitions that came while this one was on its way; they get its outcome.
  std::vector<std::unique_ptr<InFlight>> twins;
};

Pipeline::Pipeline(const PipelineConfig& config, hot::Hot& hot, model::CollectionTable& collections,
                   const Clock& clock, model::Registry& registry)
    : config_(config),
      hot_(hot),
      clock_(clock),
      dedup_time_(clock),
      metrics_(registry),
      definitions_(collections, clock, config.collections_max),
      dedup_(config.dedup) {}

Pipeline::~Pipeline() = default;

void Pipeline::Attach(wal::Log& log) {
  log_ = &log;
  definitions_.Attach(log);
}

void Pipeline::Configure(const PipelineConfig& config) {
  PipelineConfig next = config_.Get();
  next.limits = config.limits;
  next.dedup = config.dedup;
  next.dedup_payload = config.dedup_payload;
  next.hot_bytes_max = config.hot_bytes_max;
  config_.Set(std::move(next));
  const MutexLock lock(dedup_mutex_);
  dedup_.Configure(config.dedup);
}

void Pipeline::Accept() {
  accepting_.store(true, std::memory_order_release);
}

void Pipeline::Refuse(std::string reason) {
  const MutexLock lock(gate_mutex_);
  refusal_ = std::move(reason);
  accepting_.store(false, std::memory_order_release);
}

std::optional<IngestOutcome> Pipeline::RefusalNow() const {
  if (!accepting_.load(std::memory_order_acquire)) {
    const MutexLock lock(gate_mutex_);
    return Refusal({Code::kUnavailable, refusal_});
  }
  const std::uint64_t hot_bytes_max = config_.Get().hot_bytes_max;
  if (hot_bytes_max != 0 && hot_.bytes() > hot_bytes_max) {
    TellFull();
    return Refusal({Code::kExhausted,
                    "memory for rows that are not yet in parts is full; sealing is under way"});
  }
  return std::nullopt;
}

void Pipeline::TellFull() const {
  if (const auto& on_full = config_.Get().on_full) on_full();
}

void Pipeline::Ingest(IngestRequest&& request, IngestDone done) {
  const auto refuse = [&](IngestOutcome&& outcome) {
    metrics_.CountRefusal(outcome.status.error());
    done(std::move(outcome));
  };
  if (auto refusal = RefusalNow()) return refuse(std::move(*refusal));

  const PipelineConfig& config = config_.Get();
  auto pending = std::make_unique<InFlight>();
  if (request.encoding == Encoding::kJson && !request.payload.empty()) {
    auto protobuf = wire::OtlpJsonToProtobuf(request.kind, request.payload, kTranscodedBytesMax);
    if (!protobuf) return refuse(Refusal(std::move(protobuf).error()));
    pending->bytes = std::move(*protobuf);
  } else {
    pending->bytes = std::move(request.payload);
  }
  if (pending->bytes.empty()) return done(IngestOutcome{});

  auto collection = definitions_.Get(request.namespace_name, request.kind);
  if (!collection) return refuse(Refusal(std::move(collection).error()));

  // The lane is held until the request is in the log's queue: see hot::LaneLease.
  hot::LaneLease lease = hot_.Lease(**collection);
  model::RowWriter writer(lease.source());
  const MonotonicTime began = clock_.Monotonic();
  auto decoded = wire::DecodeOtlp(request.kind, pending->bytes, config.limits, writer);
  metrics_.decode_seconds->Observe(
      std::chrono::duration<double>(clock_.Monotonic() - began).count());
  pending->rows = lease.Take(writer);
  if (!decoded) return refuse(Refusal(std::move(decoded).error()));

  if (decoded->accepted == 0) {
    metrics_.Of(request.kind).rejected_records->Add(decoded->rejected);
    return done(
        IngestOutcome{.rejected = decoded->rejected, .message = std::move(decoded->message)});
  }
  const std::uint64_t seed = SeedOf(request);
  const bool by_payload =
      decoded->every_record_has_time && config.dedup_payload.Of(request.namespace_name);
  pending->info = {
      .type = wal::FrameType::kRecords,
      .kind = static_cast<std::uint8_t>(request.kind),
      .encoding = kEncodingProtobuf,
      .flags = by_payload ? kFlagByPayload : std::uint8_t{0},
      .namespace_id = (*collection)->id,
      .collection_id = (*collection)->id,
      .record_count = static_cast<std::uint32_t>(decoded->accepted),
      .rejected_count = static_cast<std::uint32_t>(decoded->rejected),
      .received_ns = clock_.WallNanos(),
      .limits_fingerprint = config.limits.Fingerprint(),
      .request_hash = HashOf(pending->bytes, seed),
      .idempotency_key = request.idempotency_key.empty()
                             ? Hash128{}
                             : HashOf(AsBytes(request.idempotency_key), seed),
  };
  FaultPoint<"ingest.request.decoded">();
  pending->payload = pending->bytes;
  pending->request_kind = request.kind;
  pending->seen_ns = DedupNow();
  pending->message = std::move(decoded->message);
  pending->done = std::move(done);
  Store(std::move(pending));
}

void Pipeline::Store(std::unique_ptr<InFlight> request) {
  if (auto submitted = log_->Submit(*request); !submitted) {
    if (submitted.error().code == Code::kExhausted) TellFull();
    metrics_.CountRefusal(submitted.error());
    request->done(Refusal(std::move(submitted).error()));
    return;
  }
  static_cast<void>(request.release());  // Admit() or Settle() takes it back
  FaultPoint<"ingest.request.submitted">();
}

// The request on its way that this one repeats, if any.
Pipeline::InFlight* Pipeline::FirstOf(const InFlight& request) const {
  if (!request.info.idempotency_key.IsZero()) {
    const auto found = pending_keys_.find(request.info.idempotency_key);
    if (found != pending_keys_.end()) return found->second;
  }
  if ((request.info.flags & kFlagByPayload) != 0) {
    const auto found = pending_payloads_.find(request.info.request_hash);
    if (found != pending_payloads_.end()) return found->second;
  }
  return nullptr;
}

bool Pipeline::Admit(wal::Append& append) {
  if (append.info.type == wal::FrameType::kDefine) {
    definitions_.Admit(append);
    return true;
  }
  auto& request = static_cast<InFlight&>(append);
  if (!definitions_.IsInLog(append.info.collection_id)) {
    const std::unique_ptr<InFlight> owned(&request);
    owned->done(Refusal({Code::kUnavailable, "the log failed to define the collection"}));
    return false;
  }
  if (InFlight* first = FirstOf(request)) {
    request.rows = {};
    first->twins.emplace_back(&request);
    return false;
  }
  const bool by_payload = (append.info.flags & kFlagByPayload) != 0;
  auto found = [&] {
    const MutexLock lock(dedup_mutex_);
    return dedup_.Find(append.info.request_hash, by_payload, append.info.idempotency_key,
                       request.seen_ns);
  }();
  if (!found) {
    const std::unique_ptr<InFlight> owned(&request);
    metrics_.CountRefusal(found.error());
    owned->done(Refusal(std::move(found).error()));
    return false;
  }
  if (found->has_value()) {
    const std::unique_ptr<InFlight> owned(&request);
    metrics_.Of(request.request_kind).duplicates->Add();
    AnswerRepetition(*owned, (*found)->position, (*found)->rejected);
    return false;
  }
  FaultPoint<"ingest.request.admitted">();
  if (by_payload) pending_payloads_.emplace(append.info.request_hash, &request);
  if (!append.info.idempotency_key.IsZero()) {
    pending_keys_.emplace(append.info.idempotency_key, &request);
  }
  return true;
}

void Pipeline::Publish(wal::Append& append) {
  if (append.info.type == wal::FrameType::kDefine) return;
  auto& request = static_cast<InFlight&>(append);
  request.rows.Publish(append.position);
  FaultPoint<"ingest.request.published">();
  const MutexLock lock(dedup_mutex_);
  dedup_.Add(StoredRequestOf(append.position, append.info, request.seen_ns));
  dedup_.Expire(request.seen_ns);
}

void Pipeline::Settle(wal::Append& append, const Status& status) {
  if (append.info.type == wal::FrameType::kDefine) return definitions_.Settle(append, status);
  const std::unique_ptr<InFlight> request(static_cast<InFlight*>(&append));
  const auto forget = [&](Pending& pending, const Hash128& hash) {
    const auto found = pending.find(hash);
    if (found != pending.end() && found->second == request.get()) pending.erase(found);
  };
  forget(pending_payloads_, append.info.request_hash);
  forget(pending_keys_, append.info.idempotency_key);

  if (!status) {
    if (status.error().code == Code::kExhausted) TellFull();
    metrics_.CountRefusal(status.error());
    request->done(Refusal(status.error()));
  } else {
    IngestMetrics::OfKind& of = metrics_.Of(request->request_kind);
    of.requests->Add();
    of.records->Add(append.info.record_count);
    of.rejected_records->Add(append.info.rejected_count);
    of.bytes->Add(append.payload.size());
    FaultPoint<"ingest.answer.decided">();
    request->done(IngestOutcome{.receipt = append.position,
                                .rejected = append.info.rejected_count,
                                .message = std::move(request->message)});
  }
  FaultPoint<"ingest.answer.given">();
  SettleTwins(*request, status);
}

void Pipeline::SettleTwins(InFlight& first, const Status& status) {
  for (const std::unique_ptr<InFlight>& twin : first.twins) {
    if (!status) {
      metrics_.CountRefusal(status.error());
      twin->done(Refusal(status.error()));
    } else if (twin->info.request_hash != first.info.request_hash) {
      Error conflict{Code::kConflict,
                     "this Idempotency-Key was used with another payload, stored at position " +
                         std::to_string(first.position)};
      metrics_.CountRefusal(conflict);
      twin->done(Refusal(std::move(conflict)));
    } else {
      metrics_.Of(twin->request_kind).duplicates->Add();
      AnswerRepetition(*twin, first.position, first.info.rejected_count);
    }
  }
}

void Pipeline::AnswerRepetition(InFlight& repetition, std::uint64_t position,
                                std::uint32_t rejected) {
  IngestOutcome outcome{.receipt = position, .duplicate = true, .rejected = rejected};
  // The first request's verdict. Under limits that a reload has changed since, the repetition may
  // have rejected records that were stored: that is not for the sender to hear.
  if (rejected != 0 || repetition.info.rejected_count == 0) {
    outcome.message = std::move(repetition.message);
  }
  FaultPoint<"ingest.repetition.recognised">();
  repetition.done(std::move(outcome));
}

StoredRequest StoredRequestOf(std::uint64_t position, const wal::FrameInfo& info,
                              std::int64_t seen_ns) {
  return {.position = position,
          .received_ns = info.received_ns,
          .seen_ns = seen_ns,
          .payload = info.request_hash,
          .key = info.idempotency_key,
          .rejected = info.rejected_count,
          .by_payload = (info.flags & kFlagByPayload) != 0};
}

}  // namespace strata::ingest
