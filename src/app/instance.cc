#include "app/instance.h"

#include <algorithm>
#include <utility>

#include "app/debug_store.h"
#include "app/descriptors.h"
#include "app/stage_metrics.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "ingest/reread.h"
#include "server/server_metrics.h"

namespace strata::app {
namespace {

constexpr std::uint64_t kLogBytesDefault = 64_GiB;
constexpr std::uint64_t kReplayBatchBytes = 4_MiB;
constexpr std::uint64_t kLogQueueBytes = 64_MiB;  // beside the largest request
// The scrub gives way while requests hold more than this share of limits.in_flight.
constexpr std::uint64_t kBusyShare = 16;
// The reserve is at most this share of the disk.
constexpr std::uint64_t kReserveShare = 20;
// Kept for segments, parts and what DuckDB opens; connections have the rest.
constexpr std::uint64_t kDescriptorsForFiles = 2048;
// Of the ten seconds that a stop may take: for requests in flight; and until
// when, from the beginning, hot rows are sealed.
constexpr std::chrono::milliseconds kGrace{1000};
constexpr std::chrono::milliseconds kSealUntil{6000};

// Rows in memory may exceed `hot.memory` while the sealer catches up, but not by more than this.
std::uint64_t HotBytesMax(const Config& config) {
  return config.hot.memory.bytes + config.hot.memory.bytes / 4;
}

ingest::PipelineConfig PipelineConfigOf(const Config& config, std::function<void()> on_full) {
  return {
      .limits = {.attributes = static_cast<std::uint32_t>(config.limits.attributes),
                 .value_bytes = static_cast<std::uint32_t>(config.limits.value_bytes.bytes),
                 .nesting = static_cast<std::uint32_t>(config.limits.nesting)},
      .dedup = {.window = config.dedup.window, .memory_bytes = config.dedup.memory.bytes},
      .dedup_payload = config.dedup.payload,
      .hot_bytes_max = HotBytesMax(config),
      .on_full = std::move(on_full),
  };
}

hot::Config HotConfigOf(const Config& config) {
  return {.memory_bytes = config.hot.memory.bytes,
          .retention = config.hot.retention,
          .lanes_max = static_cast<std::uint32_t>(std::max<std::uint64_t>(config.threads.io, 1))};
}

// The largest request that may ever come: the limits of requests can change while the log is open.
wal::Config LogConfigOf(const Config& config, const os::Space& disk) {
  const std::uint64_t frame_bytes_max =
      std::min<std::uint64_t>(config.RequestBytesMax().bytes, wal::kPayloadBytesMax);
  wal::Config log{
      .directory = config.data_dir / "wal",
      .segment_bytes = config.log.segment_bytes.bytes,
      .max_bytes = config.log.max_bytes.bytes,
      .frame_bytes_max = frame_bytes_max,
      .queue_bytes_max = frame_bytes_max + kLogQueueBytes,
      .sync = config.log.sync == LogSync::kGroup ? wal::SyncMode::kGroup : wal::SyncMode::kInterval,
      .sync_interval = config.log.sync_interval,
      .pinning_consumers = {std::string(ingest::kDedupConsumer)},
  };
  if (log.max_bytes == 0) {
    log.max_bytes = std::max(std::min(kLogBytesDefault, disk.total_bytes / 10),
                             (2 + log.spare_segments) * log.segment_bytes);
  }
  return log;
}

store::Config StoreConfigOf(const Config& config) {
  store::Config store{.data_dir = config.data_dir};
  store.seal.rows = config.seal.rows;
  store.seal.bytes = config.seal.bytes.bytes;
  store.seal.age = config.seal.age;
  store.seal.small_part_interval = std::max(config.seal.small_part_interval, config.seal.age);
  store.seal.tiny_part_interval = 24 * store.seal.small_part_interval;
  store.merge.enabled = config.merge.enabled;
  store.merge.target_rows = config.merge.target_rows;
  store.merge.large_rows = std::min(store.merge.large_rows, config.merge.target_rows / 2);
  store.scrub.interval = config.scrub.interval;
  store.scrub.bytes_per_second = config.scrub.rate.bytes;
  const auto keep = [&](model::Kind kind, const std::optional<Config::Duration>& own) {
    store.retention.by_kind[static_cast<std::size_t>(kind)] =
        own.value_or(config.retention.by_default);
  };
  keep(model::Kind::kLogs, config.retention.logs);
  keep(model::Kind::kSpans, config.retention.spans);
  keep(model::Kind::kMetrics, config.retention.metrics);
  return store;
}

// A connection too many is refused; a log that cannot open its next segment stops everything.
std::size_t ConnectionsOfAllMax(const Config& config) {
  const std::uint64_t descriptors = RaiseDescriptorLimit();
  const std::uint64_t left = descriptors - std::min(descriptors / 2, kDescriptorsForFiles);
  constexpr std::uint64_t kListeners = 3;
  if (left < config.limits.connections) {
    LogWarn("the limit of open files allows fewer connections than limits.connections",
            {{"open_files", descriptors}, {"connections", left}});
  }
  return std::min(left, kListeners * config.limits.connections);
}

DiskLimits DiskLimitsOf(const Config& config) {
  return {.free_min_bytes = config.disk.free_min.bytes,
          .free_warn_bytes = config.disk.free_warn.bytes};
}

// A small disk is not taken up by what is set aside on it.
std::uint64_t ReserveBytesOf(const Config& config, const os::Space& disk) {
  return std::min(config.disk.reserve.bytes, disk.total_bytes / kReserveShare);
}

query::SqlConfig SqlConfigOf(const Config& config) {
  return {.timeout = config.query.timeout, .max_rows = config.query.max_rows};
}

server::HttpOptions HttpOptionsOf(const Config& config) {
  server::HttpOptions options{.io_threads = static_cast<int>(config.threads.io),
                              .grpc = {.message_bytes_max = config.limits.grpc_message.bytes},
                              .connections_max = config.limits.connections,
                              .connections_of_all_max = ConnectionsOfAllMax(config)};
  options.limits.body_bytes_max = config.limits.http_body.bytes;
  return options;
}

server::Address AddressOf(const Address& address) {
  return {.host = address.host, .port = address.port};
}

void LogRecovery(const wal::RecoveryReport& report) {
  LogInfo("log recovered", {{"segments", report.segments},
                            {"frames", report.frames},
                            {"last_position", report.last},
                            {"torn_bytes", report.torn_bytes},
                            {"clean", report.clean}});
  for (const wal::Damage& damage : report.damage) {
    LogError("log is damaged: records that were acknowledged are lost",
             {{"segment", damage.segment},
              {"offset", damage.offset},
              {"bytes", damage.bytes},
              {"first_lost", damage.lost.first},
              {"last_lost", damage.lost.last},
              {"reason", damage.reason}});
  }
  for (const wal::ForeignFile& file : report.foreign) {
    LogWarn("a file in the log's directory is no segment of it",
            {{"file", file.name}, {"reason", file.reason}});
  }
}

}  // namespace

Instance::Instance(const Config& config, os::FileSystem& files)
    : config_(config),
      clock_(SystemClock()),
      files_(files),
      hot_(HotConfigOf(config), clock_),
      pipeline_(PipelineConfigOf(config, [this] { MakeRoom(); }), hot_, collections_, clock_,
                registry_),
      ledger_(config.limits.in_flight.bytes) {}

Instance::~Instance() = default;

Result<std::unique_ptr<Instance>> Instance::Open(const Config& config, os::FileSystem& files) {
  std::unique_ptr<Instance> instance(new Instance(config, files));
  RETURN_IF_ERROR(instance->OpenStages());
  RETURN_IF_ERROR(instance->Listen());
  return instance;
}

// The log first: its lock makes the data directory ours.
Status Instance::OpenStages() {
  RETURN_IF_ERROR(files_.CreateDirectories(config_.data_dir));
  ASSIGN_OR_RETURN(const os::Space disk, files_.FreeSpace(config_.data_dir));
  reserve_.emplace(config_.data_dir / "disk.reserve", ReserveBytesOf(config_, disk), files_);
  reserved_files_.emplace(files_, *reserve_);
  ASSIGN_OR_RETURN(log_, wal::Log::Open(LogConfigOf(config_, disk), files_, clock_, pipeline_));
  pipeline_.Attach(*log_);
  log_source_ = std::make_unique<store::WalSource>(
      *log_,
      [this](const model::Collection& collection,
             const wal::PositionRange& range) -> Result<store::RereadRows> {
        ASSIGN_OR_RETURN(ingest::RereadRows rows,
                         ingest::Reread(*log_, collections_, collection, range, {}, clock_));
        return store::RereadRows{.slices = std::move(rows.slices), .through = rows.through};
      });
  part_writer_ = std::make_unique<store::DuckPartWriter>(duck::PartOptions{}, *reserved_files_);
  ASSIGN_OR_RETURN(store_, store::Store::Open(StoreConfigOf(config_), *reserved_files_, clock_,
                                              collections_, *part_writer_, registry_));
  log_->Vouch(store_->LastKnown());
  dedup_file_ =
      std::make_unique<ingest::DedupFile>(config_.data_dir, pipeline_, *log_, *reserved_files_);
  AddScrubSources();
  const duck::EngineConfig engine{
      .memory_bytes = config_.query.memory.bytes,
      .concurrency = static_cast<std::uint32_t>(config_.query.concurrency)};
  ASSIGN_OR_RETURN(engine_, duck::Engine::Open(engine, files_));
  snapshots_ = std::make_unique<query::SnapshotTaker>(hot_, *store_, collections_,
                                                      [this] { return log_->published(); });
  sql_ = std::make_unique<query::SqlService>(SqlConfigOf(config_), *engine_, *snapshots_,
                                             query::ReportTo(*store_), clock_, registry_);
  receipts_ = std::make_unique<query::Receipts>(
      *snapshots_, *engine_, clock_,
      [this](duck::Position position) { return position >= log_->oldest(); },
      query::ReportTo(*store_));
  disk_watch_ = std::make_unique<DiskWatch>(
      config_.data_dir, DiskLimitsOf(config_), files_, *reserve_,
      [this](std::string reason) { pipeline_.Refuse(std::move(reason)); },
      [this] { pipeline_.Accept(); });
  store_->SaveSpaceWhile([this] { return disk_watch_->is_low(); });
  return Done{};
}

// What the scrub reads besides the store's own files, and when it gives way.
void Instance::AddScrubSources() {
  store_->AddScrubSource({.name = "cursors",
                          .bytes = [] { return std::uint64_t{0}; },
                          .read = [this](const store::Pace&) -> Result<store::ScrubbedSource> {
                            ASSIGN_OR_RETURN(const bool damaged, log_->ScrubCursors());
                            return store::ScrubbedSource{.files = 1, .damaged = damaged ? 1U : 0U};
                          }});
  store_->AddScrubSource({.name = "dedup",
                          .bytes = [this] { return dedup_file_->bytes(); },
                          .read = [this](const store::Pace& pace) -> Result<store::ScrubbedSource> {
                            const std::uint64_t bytes = dedup_file_->bytes();
                            if (!pace(bytes)) return store::ScrubbedSource{};
                            ASSIGN_OR_RETURN(const bool damaged, dedup_file_->Scrub());
                            return store::ScrubbedSource{
                                .bytes = bytes, .files = 1, .damaged = damaged ? 1U : 0U};
                          }});
  store_->GiveWayTo([this] {
    return engine_->stats().running > 0 || log_->stats().queue_bytes > 0 ||
           ledger_.used_bytes() > ledger_.limit_bytes() / kBusyShare;
  });
}

// Requests are answered from here on: "strata is starting" until Recover() is through.
Status Instance::Listen() {
  RegisterLogMetrics(registry_, *log_);
  RegisterHotMetrics(registry_, hot_);
  RegisterProcessMetrics(registry_);
  RegisterDiskMetrics(registry_, *disk_watch_, *reserve_);
  server::RegisterLedger(registry_, ledger_);

  otlp_ = std::make_unique<server::OtlpFace>(
      pipeline_, ledger_, server::OtlpOptions{.decoded_bytes_max = config_.limits.http_body.bytes});
  api_ = std::make_unique<server::Api>(
      server::ApiSources{
          .sql = *sql_,
          .find_receipt = [this](std::string_view namespace_name,
                                 std::uint64_t position) -> Result<std::string> {
            if (!recovered_.load(std::memory_order_acquire)) {
              return Error{Code::kUnavailable, "strata is starting: the log is being read back"};
            }
            return receipts_->Find(namespace_name, position);
          },
          .debug_store = [this] { return DebugStoreJson(*log_, hot_, *store_, collections_); },
          .ready = ReadyChecks(),
      },
      server::ApiOptions{.sql_threads = static_cast<int>(config_.query.concurrency)}, registry_);
  otlp_->AddTo(otlp_routes_);
  otlp_->AddGrpcTo(grpc_routes_);
  api_->AddGrpcHealthTo(grpc_routes_);
  otlp_->AddTo(api_routes_);
  api_->AddTo(api_routes_);

  http_ = std::make_unique<server::HttpServer>(HttpOptionsOf(config_), ledger_, registry_);
  ASSIGN_OR_RETURN(const auto otlp_http,
                   http_->Listen(AddressOf(config_.listen.otlp_http), "otlp_http", otlp_routes_));
  ASSIGN_OR_RETURN(const auto http,
                   http_->Listen(AddressOf(config_.listen.http), "http", api_routes_));
  ASSIGN_OR_RETURN(const auto otlp_grpc,
                   http_->Listen(AddressOf(config_.listen.otlp_grpc), "otlp_grpc", grpc_routes_,
                                 server::Protocol::kGrpc));
  http_->Start();
  listeners_ = {{"otlp_grpc", otlp_grpc.ToString()},
                {"otlp_http", otlp_http.ToString()},
                {"http", http.ToString()}};
  FaultPoint<"app.start.listening">();
  return WriteListenersFile(config_.data_dir, listeners_, *reserved_files_);
}

std::vector<server::ReadyCheck> Instance::ReadyChecks() {
  const auto unless = [](bool holds, std::string message) -> Status {
    if (holds) return Done{};
    return Error{Code::kUnavailable, std::move(message)};
  };
  return {
      {"replay",
       [this, unless] {
         return unless(recovered_.load(std::memory_order_acquire), "the log is being read back");
       }},
      {"log",
       [this, unless] {
         const bool starting = !recovered_.load(std::memory_order_acquire);
         return unless(starting || log_->healthy(), log_->ailment());
       }},
      {"disk",
       [this, unless] {
         return unless(!disk_watch_->is_low(), "the disk is full: see disk.free_min");
       }},
  };
}

Status Instance::Recover() {
  const MonotonicTime began = clock_.Monotonic();
  LogRecovery(log_->recovery());
  RETURN_IF_ERROR(dedup_file_->Load());
  ASSIGN_OR_RETURN(const ingest::ReplayReport replayed, Replay());
  FaultPoint<"app.start.replayed">();
  pipeline_.definitions().MarkAllDefined();
  RETURN_IF_ERROR(log_->Start());
  dedup_file_->Start(config_.log.segment_bytes.bytes);
  store_->Start(hot_, *log_source_);
  FaultPoint<"app.start.recovered">();
  sql_->Accept();
  disk_watch_->Start();
  // Readiness last: who reads it may send.
  recovered_.store(true, std::memory_order_release);
  LogInfo("ready", {{"replayed_frames", replayed.frames},
                    {"replayed_records", replayed.records},
                    {"replayed_bytes", replayed.payload_bytes},
                    {"elapsed_ms", std::chrono::duration_cast<std::chrono::milliseconds>(
                                       clock_.Monotonic() - began)
                                       .count()}});
  return Done{};
}

Result<ingest::ReplayReport> Instance::Replay() {
  FaultPoint<"app.start.dedup_known">();
  store_->RestoreHot(hot_);
  ingest::Replayer replayer(hot_, collections_, hot_.config().lanes_max,
                            [this] { return !recovery_cancelled(); });
  const Status read = [&]() -> Status {
    RETURN_IF_ERROR(store_->ReplayCarry(
        *log_source_, [&](const wal::FrameView& frame) { return replayer.AddCopy(frame); }));
    ASSIGN_OR_RETURN(
        const wal::ReadOutcome logged,
        log_->ReplayBatches(store_->ReplayFrom(), kReplayBatchBytes, [&](wal::FrameBatch&& batch) {
          return replayer.Add(std::move(batch));
        }));
    for (const wal::PositionRange& lost : logged.lost) {
      LogError("positions of the log do not read back",
               {{"first", lost.first}, {"last", lost.last}});
    }
    return Done{};
  }();
  auto report = replayer.Finish();
  if (!read) return read.error();
  return report;
}

// Called only by requests that were admitted, so after Recover().
void Instance::MakeRoom() {
  store_->Nudge();
  dedup_file_->Nudge();
}

void Instance::Stop() {
  const MonotonicTime began = clock_.Monotonic();
  disk_watch_->Stop();
  pipeline_.Refuse("strata is stopping");
  FaultPoint<"app.stop.refusing">();
  http_->Stop(kGrace);
  FaultPoint<"app.stop.drained">();
  const bool recovered = recovered_.load(std::memory_order_acquire);
  if (recovered) store_->Stop();
  log_->Stop();
  FaultPoint<"app.stop.log_closed">();
  if (!recovered) return;
  const bool all = store_->SealAll(began + kSealUntil);
  FaultPoint<"app.stop.sealed">();
  if (auto saved = dedup_file_->Save(); !saved) {
    LogWarn("the dedup file was not written; the log still has what it would hold",
            {{"reason", saved.error().message}});
  }
  LogInfo("hot rows sealed", {{"all", all}});
}

void Instance::Apply(const Config& config) {
  ConfigureLog({.level = config.logging.level, .format = config.logging.format});
  hot_.Configure(HotConfigOf(config));
  pipeline_.Configure(PipelineConfigOf(config, nullptr));
  store_->Configure(StoreConfigOf(config));
  engine_->SetMemory(config.query.memory.bytes);
  sql_->Configure(SqlConfigOf(config));
  disk_watch_->SetLimits(DiskLimitsOf(config));
  ledger_.SetLimit(config.limits.in_flight.bytes);
  otlp_->LimitDecoded(config.limits.http_body.bytes);
  http_->Configure(HttpOptionsOf(config));
}

}  // namespace strata::app
