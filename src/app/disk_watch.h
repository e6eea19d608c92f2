// DiskWatch: the one who looks at free disk space. Closes the door of ingest while there is less
// than `disk.free_min`, or while the reserve is given up, and opens it again; warns below
// `disk.free_warn`; takes the reserve back when there is room for it. Queries, sealing, merging and
// retention go on: they are what frees space.
//
// Threads: one of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "base/live.h"
#include "os/file_system.h"
#include "os/space_reserve.h"

namespace strata::app {

struct DiskLimits {
  std::uint64_t free_min_bytes = 0;   // less: the door is closed
  std::uint64_t free_warn_bytes = 0;  // less: told, and nothing else
};

enum class DiskState : std::uint8_t { kEnough, kWarning, kLow };

class DiskWatch {
 public:
  // `low` is called with a reason when the door is to be closed, `enough` when it may be opened;
  // also once at Start(). Calls never overlap.
  DiskWatch(std::filesystem::path directory, const DiskLimits& limits, os::FileSystem& files,
            os::SpaceReserve& reserve, std::function<void(std::string)> low,
            std::function<void()> enough);
  ~DiskWatch();

  void Start();
  void Stop();
  // Looks at once. What the thread does every half second, and Start(); also for tests.
  void Look();

  // For the next look. Any thread.
  void SetLimits(const DiskLimits& limits) { limits_.Set(limits); }

  DiskState state() const { return state_.load(std::memory_order_relaxed); }
  bool is_low() const { return state() == DiskState::kLow; }
  std::uint64_t free_bytes() const { return free_bytes_.load(std::memory_order_relaxed); }

 private:
  std::uint64_t Reserve(std::uint64_t free);
  void Enter(DiskState state, std::uint64_t free);
  std::string Reason(std::uint64_t free) const;

  const std::filesystem::path directory_;
  Live<DiskLimits> limits_;
  os::FileSystem& files_;
  os::SpaceReserve& reserve_;
  const std::function<void(std::string)> low_;
  const std::function<void()> enough_;
  bool looked_ = false;
  bool reserve_is_refused_ = false;  // for another reason than space
  std::atomic<DiskState> state_{DiskState::kEnough};
  std::atomic<std::uint64_t> free_bytes_{0};
  std::jthread thread_;
};

}  // namespace strata::app
