// The full-disk suite of `strata chaos`: the disk of a server fills up while clients send. It must
// refuse, go on answering queries, and take requests again as soon as there is room. The disk is a
// quota (os/quota_file_system.h): that of the machine never fills up.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "app/chaos_client.h"
#include "app/chaos_findings.h"
#include "app/chaos_house.h"
#include "base/clock.h"
#include "base/result.h"
#include "os/file_system.h"

namespace strata::app {

struct FullDiskOptions {
  std::filesystem::path binary;            // of strata
  std::filesystem::path directory;         // empty; the servers' files are made in it
  std::filesystem::path ledger_directory;  // best on another file system
  std::uint64_t seed = 1;
  MonotonicTime deadline{};  // it may begin no further cycle after that, but for the first
};

// Used by one thread.
class FullDiskSuite {
 public:
  FullDiskSuite(const FullDiskOptions& options, const std::atomic<bool>& stop,
                ChaosFindings& findings, os::FileSystem& files);

  // Until the deadline passed, something was found, or `stop`. An error: the suite itself could not
  // work.
  Status Run();

  std::uint64_t cycles() const { return cycles_; }  // filled, refused, asked, freed, resumed
  const ChaosTraffic& traffic() const { return traffic_; }

 private:
  // The watermark refuses before the disk is full; without one the writes themselves fail.
  Status RunHouse(bool watermark);
  Status Cycle(ChaosHouse& house, ChaosServer& server);
  void AwaitAcks(const char* failure);
  void AwaitRefusals();
  bool Over() const;   // interrupted, or something was found
  bool Ended() const;  // or time is up
  Status SetQuota(std::uint64_t bytes);
  Status LeaveNoRoom(const ChaosHouse& house);

  const FullDiskOptions options_;
  const std::filesystem::path quota_;
  const std::atomic<bool>& stop_;
  ChaosFindings& findings_;
  os::FileSystem& files_;
  ChaosTraffic traffic_;
  std::uint64_t cycles_ = 0;
  std::uint64_t houses_ = 0;
};

}  // namespace strata::app
