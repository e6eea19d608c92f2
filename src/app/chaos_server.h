// A server under test: a process of this binary that is started, killed and started again on its
// own data directory.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/chaos_process.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/http_client.h"
#include "os/file_system.h"

namespace strata::app {

struct ChaosServerOptions {
  std::filesystem::path binary;     // of strata
  std::filesystem::path directory;  // holds server.log, strata.yaml (settings, may be missing)
                                    // and data/
  // Names of settings and their values; data_dir and the addresses are set besides.
  std::map<std::string, std::string> settings;
  std::filesystem::path quota;  // os/quota_file_system.h; empty: the disk's own
};

// Used by one thread, as its process is.
class ChaosServer {
 public:
  // `fault_point` as in base/fault_point.h, or empty.
  static Result<std::unique_ptr<ChaosServer>> Start(const ChaosServerOptions& options,
                                                    const std::string& fault_point,
                                                    os::FileSystem& files);
  // True when /readyz said 200; false when the process ended or `deadline` passed before.
  Result<bool> AwaitReady(MonotonicTime deadline);
  ChaosProcess& process() { return *process_; }

  // Of listeners.json: otlp_grpc, otlp_http, http. Requires: AwaitReady() was true.
  const std::string& address(const std::string& listener) const { return addresses_.at(listener); }

 private:
  ChaosServer(const std::filesystem::path& directory, os::FileSystem& files)
      : listeners_file_(directory / "data" / "listeners.json"), files_(files) {}
  bool ReadAddresses();
  bool IsReady();

  const std::filesystem::path listeners_file_;
  os::FileSystem& files_;
  std::unique_ptr<ChaosProcess> process_;
  std::map<std::string, std::string> addresses_;
  std::optional<net::HttpClient> http_;
};

// Lines of a server's log that tell of something wrong.
std::vector<std::string> ComplaintsIn(const std::filesystem::path& directory,
                                      os::FileSystem& files);

}  // namespace strata::app
