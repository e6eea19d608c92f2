// DiskWatch: closes the door of ingest while the disk has less free space than `disk.free_min`, and
// opens it again. Queries, sealing and merging go on: they are what frees space.
//
// Threads: one of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "os/file_system.h"

namespace strata::app {

class DiskWatch {
 public:
  // `low` is called with a reason when space falls below the limit, `enough` when it is back; also
  // once at Start(). Calls never overlap.
  DiskWatch(std::filesystem::path directory, std::uint64_t free_min_bytes, os::FileSystem& files,
            std::function<void(std::string)> low, std::function<void()> enough);
  ~DiskWatch();

  void Start();
  void Stop();

  // For the next look. Any thread.
  void SetFreeMin(std::uint64_t bytes) { free_min_bytes_.store(bytes, std::memory_order_relaxed); }

  bool is_low() const { return low_now_.load(std::memory_order_relaxed); }
  std::uint64_t free_bytes() const { return free_bytes_.load(std::memory_order_relaxed); }

 private:
  void Look(bool first);

  const std::filesystem::path directory_;
  std::atomic<std::uint64_t> free_min_bytes_;
  os::FileSystem& files_;
  const std::function<void(std::string)> low_;
  const std::function<void()> enough_;
  std::atomic<bool> low_now_{false};
  std::atomic<std::uint64_t> free_bytes_{0};
  std::jthread thread_;
};

}  // namespace strata::app
