#include "store/upkeep.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace strata::store {

Upkeep::Upkeep(const Workplace& at, Graveyard& graveyard)
    : at_(at), graveyard_(graveyard), merger_(at, graveyard) {
  const MutexLock lock(pass_mutex_);
  CheckDisk();
}

Upkeep::~Upkeep() {
  Stop();
}

void Upkeep::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void Upkeep::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Upkeep::Run(const std::stop_token& stop) {
  const Config& config = at_.config();
  const Duration interval = std::min(
      {config.merge.check_interval, config.disk_check_interval, config.retention.check_interval});
  while (!stop.stop_requested()) {
    if (Pass()) continue;
    const MutexLock lock(wait_mutex_);
    wake_.wait_for(wait_mutex_, stop, interval, [] { return false; });
  }
}

bool Upkeep::IsDue(MonotonicTime& next, Duration interval) {
  const MonotonicTime now = at_.clock.Monotonic();
  if (now < next) return false;
  next = now + std::chrono::duration_cast<MonotonicTime::duration>(interval);
  return true;
}

bool Upkeep::Pass() {
  const MutexLock lock(pass_mutex_);
  if (IsDue(next_disk_check_, at_.config().disk_check_interval)) CheckDisk();
  if (IsDue(next_retention_, at_.config().retention.check_interval)) Retain();
  bool merged = false;
  if (at_.config().merge.enabled && IsDue(next_merge_, at_.config().merge.check_interval)) {
    const auto outcome = merger_.MergeOne();  // errors are counted and logged there
    merged = outcome && *outcome;
    if (merged) next_merge_ = {};
  }
  graveyard_.Sweep();
  return merged;
}

void Upkeep::Retain() {
  const auto manifests = at_.manifests.PinAll();
  auto drops = PlanRetention(manifests, at_.config().retention, at_.clock.WallNanos());
  if (drops.empty()) return;
  Status outcome = merger_.Settle();
  if (outcome) {
    // What was merged meanwhile is no longer listed: plan anew.
    drops = PlanRetention(at_.manifests.PinAll(), at_.config().retention, at_.clock.WallNanos());
    outcome = ApplyRetention(drops, at_.manifests, graveyard_, at_.metrics);
  }
  if (!outcome) LogWarn("retention will be tried again", outcome.error());
}

void Upkeep::CheckDisk() {
  const auto space = at_.files.FreeSpace(at_.config().data_dir);
  if (!space) {
    LogWarn("free space of the disk is not known", space.error());
    return;
  }
  disk_free_.store(space->free_bytes, std::memory_order_relaxed);
  const bool low = space->free_bytes < at_.config().disk_free_min_bytes;
  if (low == disk_is_low_.exchange(low, std::memory_order_relaxed)) return;
  if (low) {
    LogWarn("disk is nearly full; requests are refused until space is free",
            {{"free_bytes", space->free_bytes}, {"limit_bytes", at_.config().disk_free_min_bytes}});
  } else {
    LogInfo("disk has space again", {{"free_bytes", space->free_bytes}});
  }
}

}  // namespace strata::store
