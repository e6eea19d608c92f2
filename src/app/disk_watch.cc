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

DiskWatch::DiskWatch(std::filesystem::path directory, const DiskLimits& limits,
                     os::FileSystem& files, os::SpaceReserve& reserve,
                     std::function<void(std::string)> low, std::function<void()> enough)
    : directory_(std::move(directory)),
      limits_(limits),
      files_(files),
      reserve_(reserve),
      low_(std::move(low)),
      enough_(std::move(enough)) {}

DiskWatch::~DiskWatch() {
  Stop();
}

void DiskWatch::Start() {
  Look();
  thread_ = std::jthread([this](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, stop, kInterval, [] { return false; }) && !stop.stop_requested()) {
      Look();
    }
  });
}

void DiskWatch::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void DiskWatch::Look() {
  const DiskLimits& limits = limits_.Get();
  const auto space = files_.FreeSpace(directory_);
  if (!space) {
    // It counts as it did before: the write that fails will tell.
    LogWarn("free disk space cannot be read", space.error(), {{"directory", directory_.native()}});
    if (!looked_) Enter(DiskState::kEnough, 0);
    return;
  }
  const std::uint64_t free = Reserve(space->free_bytes);
  free_bytes_.store(free, std::memory_order_relaxed);
  const bool low = free < limits.free_min_bytes || (!reserve_.is_held() && !reserve_is_refused_);
  const bool warning = free < limits.free_warn_bytes;
  Enter(low ? DiskState::kLow : warning ? DiskState::kWarning : DiskState::kEnough, free);
}

// Takes the reserve where there is room for it; what is free then.
std::uint64_t DiskWatch::Reserve(std::uint64_t free) {
  const bool was_held = reserve_.is_held();
  if (!was_held && free < limits_.Get().free_min_bytes + reserve_.bytes()) return free;
  const Status established = reserve_.Establish();
  // A file that cannot be made for another reason than space is no reason to refuse requests.
  const bool refused = !established && !os::IsNoSpace(established.error());
  if (refused && !reserve_is_refused_) {
    LogWarn("the disk's reserve cannot be taken: a full disk will stop sealing and merging",
            established.error());
  }
  reserve_is_refused_ = refused;
  return established && !was_held ? free - reserve_.bytes() : free;
}

void DiskWatch::Enter(DiskState state, std::uint64_t free) {
  const DiskLimits& limits = limits_.Get();
  const DiskState before = state_.exchange(state, std::memory_order_relaxed);
  const bool first = !std::exchange(looked_, true);
  if (!first && state == before) return;
  if (state == DiskState::kLow) {
    LogWarn("disk is nearly full: ingest is refused until space is free",
            {{"free_bytes", free},
             {"free_min_bytes", limits.free_min_bytes},
             {"reserve_held", reserve_.is_held()}});
    return low_(Reason(free));
  }
  if (state == DiskState::kWarning && before != DiskState::kLow) {
    LogWarn("disk is filling up", {{"free_bytes", free},
                                   {"free_warn_bytes", limits.free_warn_bytes},
                                   {"free_min_bytes", limits.free_min_bytes}});
  }
  if (before == DiskState::kLow) {
    LogInfo("disk has enough free space again", {{"free_bytes", free}});
  }
  if (first || before == DiskState::kLow) enough_();
}

std::string DiskWatch::Reason(std::uint64_t free) const {
  const std::uint64_t free_min = limits_.Get().free_min_bytes;
  const std::string disk =
      "the disk of " + directory_.string() + " has " + FormatSize(free >> 20 << 20) + " free, ";
  if (free < free_min) {
    return disk + "less than disk.free_min (" + FormatSize(free_min) + ")";
  }
  return disk + "less than disk.free_min and disk.reserve together (" +
         FormatSize(free_min + reserve_.bytes()) + ")";
}

}  // namespace strata::app
