// Pipeline: the way of a request. Admit, decode into a lane, append to the log, publish,
// acknowledge.
//
// Threads: Ingest() on connection threads, several at once; the log's committer calls the hooks.
// Life: Open the log with the pipeline as its hooks, Attach() it, Replay (ingest/replay.h), Start
// the log, Accept(), … Refuse(), stop the log, destroy.
//
// What the caller is promised: `done` is called once; with success only after the request's frame
// is durable and its rows are visible (contract.md, "Ingest answers").
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/hash.h"
#include "base/live.h"
#include "base/mutex.h"
#include "base/wall_time.h"
#include "hot/hot.h"
#include "ingest/dedup.h"
#include "ingest/definitions.h"
#include "ingest/ingest_metrics.h"
#include "ingest/target.h"
#include "model/collection.h"
#include "model/per_namespace.h"
#include "wal/log.h"
#include "wire/otlp_decode.h"

namespace strata::ingest {

struct PipelineConfig {
  wire::Limits limits;
  DedupConfig dedup;
  // Whether the payload's hash identifies a request; asked when it comes, and its frame remembers.
  model::PerNamespace<bool> dedup_payload{.others = true};
  std::size_t collections_max = 100'000;
  // Rows in memory beyond this are refused until the sealer has caught up.
  std::uint64_t hot_bytes_max = 0;
  // The log or the memory is full: whoever makes room should look at once. Any thread, must not
  // block.
  std::function<void()> on_full;
};

// What dedup keeps of a frame that was seen at `seen_ns` (StoredRequest).
StoredRequest StoredRequestOf(std::uint64_t position, const wal::FrameInfo& info,
                              std::int64_t seen_ns);

class Pipeline final : public IngestTarget, public wal::CommitHooks {
 public:
  Pipeline(const PipelineConfig& config, hot::Hot& hot, model::CollectionTable& collections,
           const Clock& clock, model::Registry& registry);
  ~Pipeline() override;

  // Requires: before Ingest(); the log outlives the use of the pipeline.
  void Attach(wal::Log& log);

  // What a reload may change: limits, dedup, dedup_payload, hot_bytes_max. Requests that are being
  // decoded keep what they began with. Any thread.
  void Configure(const PipelineConfig& config);

  // Requests are taken from here on / are answered with kUnavailable and `reason` from here on. The
  // reason is a sentence for the sender: "the disk is full: …".
  void Accept();
  void Refuse(std::string reason);

  void Ingest(IngestRequest&& request, IngestDone done) override;

  bool Admit(wal::Append& append) override;
  void Publish(wal::Append& append) override;
  void Settle(wal::Append& append, const Status& status) override;

  // Now, as dedup counts the age of requests.
  std::int64_t DedupNow() const { return dedup_time_.Nanos(); }

  // The table of requests that were stored, for replay and the dedup file.
  Mutex& dedup_mutex() STRATA_TS(lock_returned(dedup_mutex_)) { return dedup_mutex_; }
  Dedup& dedup() REQUIRES(dedup_mutex_) { return dedup_; }
  Definitions& definitions() { return definitions_; }

 private:
  struct InFlight;
  struct HashOfHash {
    std::size_t operator()(const Hash128& hash) const { return hash.low; }
  };
  using Pending = std::unordered_map<Hash128, InFlight*, HashOfHash>;

  std::optional<IngestOutcome> RefusalNow() const;
  void TellFull() const;
  void Store(std::unique_ptr<InFlight> request);
  InFlight* FirstOf(const InFlight& request) const;
  void SettleTwins(InFlight& first, const Status& status);
  static void AnswerRepetition(InFlight& repetition, std::uint64_t position,
                               std::uint32_t rejected);

  Live<PipelineConfig> config_;
  hot::Hot& hot_;
  const Clock& clock_;
  const SteadyWall dedup_time_;
  IngestMetrics metrics_;
  Definitions definitions_;
  wal::Log* log_ = nullptr;

  mutable Mutex gate_mutex_;
  std::atomic<bool> accepting_{false};
  std::string refusal_ GUARDED_BY(gate_mutex_) = "strata is starting";

  Mutex dedup_mutex_;
  Dedup dedup_ GUARDED_BY(dedup_mutex_);

  // Committer's thread only: admitted and not yet settled.
  Pending pending_payloads_;
  Pending pending_keys_;
};

}  // namespace strata::ingest
