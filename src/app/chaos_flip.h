// The corruption suite of `strata chaos`: bytes of a data directory change while no server runs.
// The damage must be told, and what a server says of the rest must be right.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "app/chaos_client.h"
#include "app/chaos_findings.h"
#include "app/chaos_house.h"
#include "app/chaos_live_bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "os/file_system.h"

namespace strata::app {

struct FlipOptions {
  std::filesystem::path binary;            // of strata
  std::filesystem::path directory;         // empty; the servers' files are made in it
  std::filesystem::path ledger_directory;  // best on another file system
  std::uint64_t seed = 1;
  MonotonicTime deadline{};  // it may change no further byte after that, but for the first round
};

struct FlipCounts {
  std::uint64_t flips = 0;     // bytes that were changed, one at a time
  std::uint64_t detected = 0;  // of them
  std::uint64_t starts = 0;    // servers that were started on damage and asked
};

// Used by one thread.
class FlipSuite {
 public:
  FlipSuite(const FlipOptions& options, const std::atomic<bool>& stop, ChaosFindings& findings,
            os::FileSystem& files);

  // Until the deadline passed, something was found, or `stop`. An error: the suite itself could not
  // work.
  Status Run();

  const FlipCounts& counts() const { return counts_; }
  const ChaosTraffic& traffic() const { return traffic_; }

 private:
  // One data directory, and many changes to copies of it.
  Status RunHouse();
  // True: its last server is gone, killed or stopped, and left something.
  Result<bool> Fill(ChaosHouse& house, bool kill);
  Status FlipAll(ChaosHouse& house, bool killed);
  const LiveBytes& Choose(const std::vector<LiveBytes>& live);
  Status MakeTrial(ChaosHouse& house);
  Status Flip(ChaosHouse& house, const LiveBytes& bytes, bool ask);
  // What `strata verify` says of the copy.
  Result<bool> IsSound();
  // Starts a server on the copy; true when it told of the damage. Wrong answers are findings, and
  // so is a record that is not there when nobody told; `told`: somebody has already.
  Result<bool> Ask(ChaosHouse& house, const std::string& what, bool told);
  bool Ended() const;
  std::uint64_t Below(std::uint64_t bound) { return random_() % bound; }

  const FlipOptions options_;
  const std::filesystem::path trial_;  // the copy
  const std::atomic<bool>& stop_;
  ChaosFindings& findings_;
  os::FileSystem& files_;
  std::mt19937_64 random_;
  ChaosTraffic traffic_;
  FlipCounts counts_;
  std::uint64_t houses_ = 0;
};

}  // namespace strata::app
