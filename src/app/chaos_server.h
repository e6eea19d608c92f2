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

#include <sys/types.h>

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
};

// How a process ended.
struct ChaosEnd {
  bool killed = false;  // by SIGKILL, whoever sent it
  bool clean = false;   // by itself, with exit code 0
  std::string text;     // "exit code 1", "signal 6"
};

// Used by one thread, which must live as long as the process: the kernel kills it when the thread
// that started it ends.
class ChaosServer {
 public:
  // `fault_point` as in base/fault_point.h, or empty.
  static Result<std::unique_ptr<ChaosServer>> Start(const ChaosServerOptions& options,
                                                    const std::string& fault_point,
                                                    os::FileSystem& files);
  ~ChaosServer();  // kills it
  ChaosServer(const ChaosServer&) = delete;
  ChaosServer& operator=(const ChaosServer&) = delete;

  // True when /readyz said 200; false when the process ended or `deadline` passed before.
  Result<bool> AwaitReady(MonotonicTime deadline);
  // Until the process has ended or `deadline` has passed.
  void AwaitEnd(MonotonicTime deadline);

  void Kill();                           // and waits for the end
  void Signal(int signal);               // does not wait
  const std::optional<ChaosEnd>& end();  // nothing while it runs

  // Of listeners.json: otlp_grpc, otlp_http, http. Requires: AwaitReady() was true.
  const std::string& address(const std::string& listener) const { return addresses_.at(listener); }

 private:
  ChaosServer(const std::filesystem::path& directory, os::FileSystem& files)
      : listeners_file_(directory / "data" / "listeners.json"), files_(files) {}
  Status Spawn(const ChaosServerOptions& options, const std::string& fault_point);
  bool ReadAddresses();
  bool IsReady();
  void Reap(int options);  // of waitpid

  const std::filesystem::path listeners_file_;
  os::FileSystem& files_;
  pid_t pid_ = -1;
  std::optional<ChaosEnd> end_;
  std::map<std::string, std::string> addresses_;
  std::optional<net::HttpClient> http_;
};

// Lines of a server's log that tell of something wrong.
std::vector<std::string> ComplaintsIn(const std::filesystem::path& directory,
                                      os::FileSystem& files);

}  // namespace strata::app
