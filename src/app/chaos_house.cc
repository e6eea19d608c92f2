#include "app/chaos_house.h"

#include <array>
#include <csignal>
#include <thread>
#include <utility>

#include "app/exit_code.h"

namespace strata::app {
namespace {

// Far beyond what any start or stop takes.
constexpr std::chrono::seconds kStartMax{60};
constexpr std::chrono::seconds kStopMax{15};  // the contract says 10
constexpr std::uint64_t kAnswerBytesMax = 1_GiB;

constexpr std::string_view kNamespaces[] = {"default", "chaos"};

template <class T, std::size_t kCount>
T Choose(const std::array<T, kCount>& choices, std::uint64_t seed) {
  return choices[seed % kCount];
}

// Small limits, so that segments roll, rows are sealed, merged and evicted within a second.
std::map<std::string, std::string> SettingsOf(const HouseOptions& options) {
  if (!options.settings.empty()) return options.settings;
  static constexpr std::array kHotRetention = {"0s", "100ms", "1h"};
  static constexpr std::array kSealRows = {"20", "60", "200"};
  const bool carrying = options.temper == ChaosTemper::kCarrying;
  const bool sealing = options.temper == ChaosTemper::kSealing;
  return {{"log.segment_bytes", "1MiB"},
          {"log.max_bytes", carrying ? "8MiB" : "32MiB"},
          {"hot.retention", sealing ? "0s" : Choose(kHotRetention, options.seed)},
          {"seal.rows", carrying ? "100000" : Choose(kSealRows, options.seed)},
          {"seal.age", "100ms"},
          {"seal.small_part_interval", carrying ? "1h" : "0s"},
          {"merge.target_rows", "20000"},
          {"query.memory", "256MiB"},
          {"query.concurrency", "2"},
          {"disk.free_min", "64MiB"},
          {"disk.reserve", "1MiB"}};
}

}  // namespace

struct ChaosHouse::Tenant {
  ChaosClient client;
  ChaosTransport transport;
  std::string name_space;
  bool keys;
};

ChaosHouse::ChaosHouse(const HouseOptions& options, ChaosTraffic& traffic, ChaosFindings& findings,
                       os::FileSystem& files)
    : options_(options),
      server_({.binary = options.binary,
               .directory = options.directory,
               .settings = SettingsOf(options),
               .quota = options.quota}),
      findings_(findings),
      traffic_(traffic),
      files_(files),
      requests_(options.seed, SystemClock().WallNanos()) {
  if (options.temper == ChaosTemper::kForgetful) {
    metrics_kept_ = std::chrono::seconds(2);
    server_.settings["retention.metrics"] = "2s";
  }
}

ChaosHouse::~ChaosHouse() = default;

Result<std::unique_ptr<ChaosHouse>> ChaosHouse::Open(const HouseOptions& options,
                                                     ChaosTraffic& traffic, ChaosFindings& findings,
                                                     os::FileSystem& files) {
  std::unique_ptr<ChaosHouse> house(new ChaosHouse(options, traffic, findings, files));
  RETURN_IF_ERROR(house->MoveIn());
  return house;
}

Status ChaosHouse::MoveIn() {
  RETURN_IF_ERROR(files_.CreateDirectories(options_.directory / "data"));
  RETURN_IF_ERROR(files_.CreateDirectories(options_.ledger_directory));
  constexpr std::array kTransports = {ChaosTransport::kGrpc, ChaosTransport::kHttpProtobuf,
                                      ChaosTransport::kHttpJson, ChaosTransport::kGrpc};
  for (std::uint32_t i = 0; i < kTransports.size(); ++i) {
    ASSIGN_OR_RETURN(auto ledger,
                     ChaosLedger::Create(
                         i, options_.ledger_directory / ("client-" + std::to_string(i)), files_));
    tenants_.emplace_back(new Tenant{
        .client =
            ChaosClient(requests_, std::move(ledger), options_.seed * 16 + i, traffic_, findings_),
        .transport = kTransports[i],
        .name_space = std::string(kNamespaces[i / 2]),
        .keys = options_.seed % 2 == 0});
  }
  return Done{};
}

Result<HouseOutcome> ChaosHouse::Live(const HouseLife& life) {
  ASSIGN_OR_RETURN(const auto server, ChaosServer::Start(server_, life.fault_point, files_));
  const MonotonicTime now = SystemClock().Monotonic();
  ASSIGN_OR_RETURN(const bool ready,
                   server->AwaitReady(now + (life.kill_at ? *life.kill_at : kStartMax)));
  if (ready) return LiveReady(*server, life);
  if (server->process().end()) return OutcomeOf(*server->process().end(), life, "while it started");
  server->process().Kill();
  if (life.kill_at) return HouseOutcome{.end = HouseOutcome::End::kKilled};
  findings_.Add(ChaosBreach::kFailed, "a server did not become ready");
  return HouseOutcome{};
}

HouseOutcome ChaosHouse::OutcomeOf(const ChaosEnd& end, const HouseLife& life, const char* when) {
  if (end.killed && !life.fault_point.empty()) return {.end = HouseOutcome::End::kAtPoint};
  findings_.Add(ChaosBreach::kFailed, "a server ended by itself " + std::string(when) + ": " +
                                          end.text + "; its messages are in " +
                                          (options_.directory / "server.log").native());
  return {};
}

HouseOutcome ChaosHouse::LiveReady(ChaosServer& server, const HouseLife& life) {
  if (const Status answered = Check(server); !answered) {
    // It may be dying at its fault point.
    server.process().AwaitEnd(SystemClock().Monotonic() + std::chrono::seconds(1));
    if (server.process().end())
      return OutcomeOf(*server.process().end(), life, "while it was asked");
    findings_.Add(ChaosBreach::kFailed, answered.error().message);
    return {};
  }
  ChaosLoad load;
  Send(server, load);
  server.process().AwaitEnd(SystemClock().Monotonic() + life.load);
  HouseOutcome outcome = EndLife(server, life);
  load.Stop();
  outcome.checked = true;
  return outcome;
}

// With clients still sending.
HouseOutcome ChaosHouse::EndLife(ChaosServer& server, const HouseLife& life) {
  if (server.process().end())
    return OutcomeOf(*server.process().end(), life, "while it was sent to");
  if (!life.stop) {
    server.process().Kill();
    // It may have come first to its fault point, which is the same to whoever looks.
    return {.end = HouseOutcome::End::kKilled};
  }
  server.process().Signal(SIGTERM);
  server.process().AwaitEnd(SystemClock().Monotonic() + kStopMax);
  if (!server.process().end()) {
    findings_.Add(ChaosBreach::kFailed, "a server did not stop on SIGTERM");
    server.process().Kill();
    return {};
  }
  if (server.process().end()->exit_code == kExitOk) return {.end = HouseOutcome::End::kStopped};
  return OutcomeOf(*server.process().end(), life, "on SIGTERM");
}

Status ChaosHouse::Check(const ChaosServer& server, ChaosFindings& findings) {
  ASSIGN_OR_RETURN(auto url, net::ParseHttpUrl("http://" + server.address("http")));
  net::HttpClient http(std::move(url),
                       {.timeout = kStartMax, .response_bytes_max = kAnswerBytesMax});
  for (const std::string_view name_space : kNamespaces) {
    std::vector<ChaosLedger*> ledgers;
    for (const auto& tenant : tenants_) {
      if (tenant->name_space == name_space) ledgers.push_back(&tenant->client.ledger());
    }
    const ChaosCheckOptions options{.name_space = std::string(name_space),
                                    .metrics_kept = metrics_kept_};
    RETURN_IF_ERROR(CheckStored(http, requests_, ledgers, options, findings));
  }
  return Done{};
}

Result<std::unique_ptr<ChaosServer>> ChaosHouse::Start() {
  ASSIGN_OR_RETURN(auto server, ChaosServer::Start(server_, {}, files_));
  ASSIGN_OR_RETURN(const bool ready, server->AwaitReady(SystemClock().Monotonic() + kStartMax));
  if (ready) return server;
  findings_.Add(ChaosBreach::kFailed, "a server did not become ready; its messages are in " +
                                          (options_.directory / "server.log").native());
  return std::unique_ptr<ChaosServer>();
}

void ChaosHouse::Send(const ChaosServer& server, ChaosLoad& load) {
  for (const auto& tenant : tenants_) {
    load.Add(tenant->client, {.transport = tenant->transport,
                              .otlp_grpc = server.address("otlp_grpc"),
                              .otlp_http = server.address("otlp_http"),
                              .name_space = tenant->name_space,
                              .keys = tenant->keys});
  }
}

void ChaosLoad::Add(ChaosClient& client, const ChaosRoute& route) {
  threads_.emplace_back([this, route, &client] {
    // Where nothing listens any more the server has died, which others notice.
    if (const auto sender = MakeChaosSender(route)) client.Run(**sender, stop_);
  });
}

void ChaosLoad::Stop() {
  stop_ = true;
  threads_.clear();
}

Status ChaosHouse::Close() {
  for (const std::string& line : ComplaintsIn(options_.directory, files_)) {
    findings_.Add(ChaosBreach::kFailed, "a server complained: " + line);
  }
  return Remove();
}

Status ChaosHouse::Remove() {
  if (findings_.any()) return Done{};
  RETURN_IF_ERROR(RemoveTree(options_.directory, files_));
  return RemoveTree(options_.ledger_directory, files_);
}

Status RemoveTree(const std::filesystem::path& path, os::FileSystem& files) {
  auto entries = files.List(path);
  if (!entries) {
    if (entries.error().code == Code::kNotFound) return Done{};
    return std::move(entries).error();
  }
  for (const os::DirectoryEntry& entry : *entries) {
    RETURN_IF_ERROR(entry.type == os::EntryType::kDirectory ? RemoveTree(path / entry.name, files)
                                                            : files.Remove(path / entry.name));
  }
  return files.Remove(path);
}

}  // namespace strata::app
