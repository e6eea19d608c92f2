// One run of `strata chaos`: the kill suite, the corruption suite and the full-disk suite share its
// time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "app/chaos_findings.h"
#include "app/chaos_flip.h"
#include "app/chaos_full_disk.h"
#include "app/chaos_kill.h"
#include "app/chaos_place.h"
#include "app/chaos_report.h"
#include "base/result.h"
#include "base/units.h"
#include "os/file_system.h"

namespace strata::app {

// The servers of a run take a part of it.
inline constexpr std::uint64_t kChaosFreeMin = 512_MiB;

struct ChaosRunOptions {
  std::filesystem::path binary;  // of strata
  ChaosPlace place;
  std::uint64_t seed = 1;
  std::chrono::seconds length{60};
  std::function<void(std::string_view)> tell;  // of progress, a line
};

class ChaosRun {
 public:
  ChaosRun(const ChaosRunOptions& options, const std::atomic<bool>& stop, os::FileSystem& files);

  // All suites, or until something was found, or until `stop`. An error: a suite could not work.
  Status Run();

  const ChaosFindings& findings() const { return findings_; }
  ChaosReport Report() const;

 private:
  const ChaosRunOptions options_;
  const std::atomic<bool>& stop_;
  const MonotonicTime began_;
  ChaosFindings findings_;
  KillSuite kills_;
  FlipSuite flips_;
  FullDiskSuite full_disk_;
};

}  // namespace strata::app
