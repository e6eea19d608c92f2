// The kill suite of `strata chaos`: servers are killed at random times and at the fault points of
// the code while clients send, and after each start everything is compared with the clients'
// ledgers.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "app/chaos_client.h"
#include "app/chaos_findings.h"
#include "app/chaos_house.h"
#include "app/chaos_points.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "os/file_system.h"

namespace strata::app {

struct KillOptions {
  std::filesystem::path binary;            // of strata
  std::filesystem::path directory;         // empty; the servers' files are made in it
  std::filesystem::path ledger_directory;  // best on another file system
  std::vector<std::string> points;         // the binary's fault points that are to be visited
  std::uint64_t seed = 1;
  std::uint64_t kills = 0;  // ends after so many; 0: at the deadline only
  std::optional<MonotonicTime> deadline = std::nullopt;
  std::uint32_t servers = 2;  // at once
  // Goes on beyond `kills` until each fault point was reached or tried often enough.
  bool every_point = false;
};

struct KillCounts {
  std::uint64_t kills = 0;         // all of the next two
  std::uint64_t kills_random = 0;  // from outside, at any time
  std::uint64_t kills_at_points = 0;
  std::uint64_t stops = 0;   // with SIGTERM, for comparison
  std::uint64_t checks = 0;  // comparisons of everything
  std::uint64_t directories = 0;
};

class KillSuite {
 public:
  KillSuite(const KillOptions& options, const std::atomic<bool>& stop, ChaosFindings& findings,
            os::FileSystem& files);

  // Until the kills are done, the deadline passed, something was found, or `stop`. An error: the
  // suite itself could not work.
  Status Run();

  // Also while it runs.
  KillCounts counts() const;
  const ChaosTraffic& traffic() const { return traffic_; }
  const PointWalk& points() const { return points_; }

 private:
  Status RunHouse(std::uint64_t number);
  // One life, or two when the point needs it.
  Status VisitPoint(ChaosHouse& house, const PointWalk::Visit& visit);
  Result<HouseOutcome> Live(ChaosHouse& house, const HouseLife& life);
  static HouseLife RandomLife(std::mt19937_64& random);
  bool Ended() const;

  const KillOptions options_;
  const std::atomic<bool>& stop_;
  ChaosFindings& findings_;
  os::FileSystem& files_;
  PointWalk points_;
  ChaosTraffic traffic_;
  std::atomic<std::uint64_t> next_house_{0};
  mutable Mutex mutex_;
  KillCounts counts_ GUARDED_BY(mutex_);
};

}  // namespace strata::app
