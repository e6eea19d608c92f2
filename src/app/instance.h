// Instance: all stages of one running strata, wired. Members stand downstream first: each stage is
// handed the ones it feeds, and destruction runs the other way.
//
// Life: Open() binds the listeners, which answer "starting" from then on → Recover() reads back
// what is not in parts, and opens the doors → Stop(). Threads: the main thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/disk_watch.h"
#include "app/listeners_file.h"
#include "base/clock.h"
#include "base/result.h"
#include "duck/engine.h"
#include "hot/hot.h"
#include "ingest/dedup_file.h"
#include "ingest/pipeline.h"
#include "ingest/replay.h"
#include "model/collection.h"
#include "model/metrics.h"
#include "os/file_system.h"
#include "os/space_reserve.h"
#include "query/receipts.h"
#include "query/snapshot_taker.h"
#include "query/sql_service.h"
#include "server/api.h"
#include "server/http_server.h"
#include "server/ledger.h"
#include "server/otlp_endpoint.h"
#include "server/router.h"
#include "store/store.h"
#include "wal/log.h"

namespace strata::app {

class Instance {
 public:
  // `files` outlives it.
  static Result<std::unique_ptr<Instance>> Open(const Config& config, os::FileSystem& files);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // May run on a thread of its own; nothing but listeners(), Apply() and CancelRecovery() is called
  // until it has returned.
  Status Recover();
  // Makes Recover() return early, with an error.
  void CancelRecovery() {
    recovery_cancelled_.store(true, std::memory_order_relaxed);
    store_->CancelStart();
  }
  bool recovery_cancelled() const { return recovery_cancelled_.load(std::memory_order_relaxed); }

  // No new requests; those in flight finish; what is in memory is sealed as far as the time goes.
  void Stop();

  // Takes over the settings that SIGHUP may change; `config` has the others as they were.
  void Apply(const Config& config);

  const std::vector<ListenerAddress>& listeners() const { return listeners_; }

 private:
  Instance(const Config& config, os::FileSystem& files);
  Status OpenStages();
  void AddScrubSources();
  void MakeRoom();
  Status Listen();
  Result<ingest::ReplayReport> Replay();
  std::vector<server::ReadyCheck> ReadyChecks();

  const Config config_;  // as at the start
  const Clock& clock_;
  os::FileSystem& files_;
  std::optional<os::SpaceReserve> reserve_;
  std::optional<os::ReservedFileSystem>
      reserved_files_;  // for those who make room: all but the log
  model::Registry registry_;
  model::CollectionTable collections_;
  std::atomic<bool> recovered_{false};
  std::atomic<bool> recovery_cancelled_{false};
  hot::Hot hot_;
  ingest::Pipeline pipeline_;
  std::unique_ptr<wal::Log> log_;
  std::unique_ptr<store::LogSource> log_source_;
  std::unique_ptr<ingest::DedupFile> dedup_file_;
  std::unique_ptr<store::PartWriter> part_writer_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<duck::Engine> engine_;
  std::unique_ptr<query::SnapshotTaker> snapshots_;
  std::unique_ptr<query::SqlService> sql_;
  std::unique_ptr<query::Receipts> receipts_;
  std::unique_ptr<DiskWatch> disk_watch_;

  server::Ledger ledger_;
  std::unique_ptr<server::OtlpFace> otlp_;
  std::unique_ptr<server::Api> api_;
  server::Router grpc_routes_;
  server::Router otlp_routes_;
  server::Router api_routes_;
  std::unique_ptr<server::HttpServer> http_;
  std::vector<ListenerAddress> listeners_;
};

}  // namespace strata::app
