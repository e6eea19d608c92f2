// One data directory, the servers that live on it one after the other, and the clients that outlive
// them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/chaos_check.h"
#include "app/chaos_client.h"
#include "app/chaos_findings.h"
#include "app/chaos_points.h"
#include "app/chaos_server.h"
#include "os/file_system.h"

namespace strata::app {

// Clients that send, each on a thread of its own, until Stop().
class ChaosLoad {
 public:
  ChaosLoad() = default;
  ~ChaosLoad() { Stop(); }
  ChaosLoad(const ChaosLoad&) = delete;
  ChaosLoad& operator=(const ChaosLoad&) = delete;

  void Add(ChaosClient& client, const ChaosRoute& route);
  // Returns when none is sending any more.
  void Stop();

 private:
  std::atomic<bool> stop_{false};
  std::vector<std::jthread> threads_;
};

struct HouseOptions {
  std::filesystem::path binary;            // of strata
  std::filesystem::path directory;         // made, and removed by Close()
  std::filesystem::path ledger_directory;  // the same
  std::uint64_t seed = 1;                  // of the requests; also chooses among settings
  ChaosTemper temper{};
  // In place of what seed and temper choose.
  std::map<std::string, std::string> settings = {};
  std::filesystem::path quota = {};  // of ChaosServerOptions
};

// What is to happen in the life of one server.
struct HouseLife {
  std::string fault_point = {};  // empty: none
  // From the start on, ready or not; else a kill comes at the end of `load`.
  std::optional<std::chrono::milliseconds> kill_at = std::nullopt;
  std::chrono::milliseconds load{50};  // for so long clients send
  bool stop = false;                   // SIGTERM then instead of a kill
};

struct HouseOutcome {
  enum class End : std::uint8_t { kKilled, kAtPoint, kStopped, kFailed };
  End end = End::kFailed;
  bool checked = false;  // everything was compared
};

// Used by one thread, the same from Open() to Close().
class ChaosHouse {
 public:
  static Result<std::unique_ptr<ChaosHouse>> Open(const HouseOptions& options,
                                                  ChaosTraffic& traffic, ChaosFindings& findings,
                                                  os::FileSystem& files);

  ~ChaosHouse();
  ChaosHouse(const ChaosHouse&) = delete;
  ChaosHouse& operator=(const ChaosHouse&) = delete;

  // Starts a server, compares, sends, ends it. An error: the machine refused to start a process.
  Result<HouseOutcome> Live(const HouseLife& life);
  // Judges what the servers have said, and removes all files unless something was found.
  Status Close();
  // As Close(), when servers had reason to complain.
  Status Remove();

  // For suites that do more than kill. Start(): a server that is ready; nullptr when it did not
  // become so, which is a finding.
  Result<std::unique_ptr<ChaosServer>> Start();
  void Send(const ChaosServer& server, ChaosLoad& load);
  // Requires: no client is sending. An error: the server did not answer.
  Status Check(const ChaosServer& server) { return Check(server, findings_); }
  Status Check(const ChaosServer& server, ChaosFindings& findings);
  const ChaosServerOptions& server_options() const { return server_; }

 private:
  struct Tenant;

  ChaosHouse(const HouseOptions& options, ChaosTraffic& traffic, ChaosFindings& findings,
             os::FileSystem& files);
  Status MoveIn();
  HouseOutcome LiveReady(ChaosServer& server, const HouseLife& life);
  HouseOutcome EndLife(ChaosServer& server, const HouseLife& life);
  // What an end means that nobody here brought about.
  HouseOutcome OutcomeOf(const ChaosEnd& end, const HouseLife& life, const char* when);

  const HouseOptions options_;
  ChaosServerOptions server_;
  ChaosFindings& findings_;
  ChaosTraffic& traffic_;
  os::FileSystem& files_;
  const ChaosRequests requests_;
  std::optional<std::chrono::milliseconds> metrics_kept_;
  std::vector<std::unique_ptr<Tenant>> tenants_;
};

// Removes a folder and all that is in it; success when it is not there.
Status RemoveTree(const std::filesystem::path& path, os::FileSystem& files);

}  // namespace strata::app
