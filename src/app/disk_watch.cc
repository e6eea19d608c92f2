#include "app/disk_watch.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "base/units.h"

namespace strata::app {
namespace {

constexpr std::chrono::milliseconds kInterval{500};

}  // namespace

DiskWatch::DiskWatch(std::filesystem::path directory, std::uint64_t free_min_bytes,
                     os::FileSystem& files, std::function<void(std::string)> low,
                     std::function<void()> enough)
    : directory_(std::move(directory)),
      free_min_bytes_(free_min_bytes),
      files_(files),
      low_(std::move(low)),
      enough_(std::move(enough)) {}

DiskWatch::~DiskWatch() {
  Stop();
}

void DiskWatch::Start() {
  Look(/*first=*/true);
  thread_ = std::jthread([this](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, stop, kInterval, [] { return false; }) && !stop.stop_requested()) {
      Look(/*first=*/false);
    }
  });
}

void DiskWatch::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

// A disk that cannot be asked counts as it did before: the write that fails will tell.
void DiskWatch::Look(bool first) {
  const auto space = files_.FreeSpace(directory_);
  if (!space) {
    LogWarn("free disk space cannot be read",
            {{"directory", directory_.string()}, {"reason", space.error().message}});
    if (!first) return;
  }
  const std::uint64_t free_min = free_min_bytes_.load(std::memory_order_relaxed);
  const std::uint64_t free = space ? space->free_bytes : free_min;
  free_bytes_.store(free, std::memory_order_relaxed);
  const bool low = free < free_min;
  if (!first && low == is_low()) return;
  low_now_.store(low, std::memory_order_relaxed);
  if (!low) {
    if (!first) LogInfo("disk has enough free space again", {{"free_bytes", free}});
    return enough_();
  }
  LogWarn("disk is nearly full: ingest is refused until space is free",
          {{"free_bytes", free}, {"free_min_bytes", free_min}});
  low_("the disk of " + directory_.string() + " has " + FormatSize(free >> 20 << 20) +
       " free, less than disk.free_min (" + FormatSize(free_min) + ")");
}

}  // namespace strata::app
