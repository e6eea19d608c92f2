#include "store/upkeep.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace strata::store {

Upkeep::Upkeep(const Workplace& at, Graveyard& graveyard, Repair& repair)
    : at_(at),
      graveyard_(graveyard),
      repair_(repair),
      retention_time_(at.clock),
      merger_(at, graveyard, repair),
      restore_(at, graveyard) {}

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
  const Duration interval = std::min(config.merge.check_interval, config.retention.check_interval);
  while (!stop.stop_requested()) {
    if (Pass(stop)) continue;
    const MutexLock lock(wait_mutex_);
    wake_.wait_for(wait_mutex_, stop, interval, [this]() REQUIRES(wait_mutex_) { return nudged_; });
    nudged_ = false;
  }
}

void Upkeep::Nudge() {
  {
    const MutexLock lock(wait_mutex_);
    nudged_ = true;
  }
  wake_.notify_one();
}

bool Upkeep::IsDue(MonotonicTime& next, Duration interval) {
  const MonotonicTime now = at_.clock.Monotonic();
  if (now < next) return false;
  next = now + std::chrono::duration_cast<MonotonicTime::duration>(interval);
  return true;
}

bool Upkeep::Pass(const std::stop_token& stop) {
  const MutexLock lock(pass_mutex_);
  Mend(stop);
  if (IsDue(next_retention_, at_.config().retention.check_interval)) {
    Retain();
    LookForLostParts(stop);
  }
  bool merged = false;
  if (at_.config().merge.enabled && IsDue(next_merge_, at_.config().merge.check_interval)) {
    const bool save_space = disk_is_low_ && disk_is_low_();
    // Errors are counted and logged there.
    const auto outcome =
        merger_.MergeOne(save_space ? at_.config().merge.low_disk_bytes_max : UINT64_MAX, stop);
    merged = outcome && *outcome;
    if (merged) next_merge_ = {};
  }
  graveyard_.Sweep();
  return merged;
}

// A merge whose edit is outstanding names parts that must stay until then.
void Upkeep::Mend(const std::stop_token& stop) {
  if (!repair_.HasWork()) return;
  if (const Status settled = merger_.Settle(); !settled) {
    LogWarn("damaged parts stay in the manifest for now", settled.error());
    return;
  }
  repair_.Judge(stop);
}

void Upkeep::LookForLostParts(const std::stop_token& stop) {
  if (const Status settled = merger_.Settle(); !settled) {
    LogWarn("parts that were brought back have to wait", settled.error());
    return;
  }
  restore_.Look(stop);
}

void Upkeep::Retain() {
  const auto manifests = at_.manifests.PinAll();
  auto drops = PlanRetention(manifests, at_.config().retention, RetentionNow());
  if (drops.empty()) return;
  Status outcome = merger_.Settle();
  if (outcome) {
    // What was merged meanwhile is no longer listed: plan anew.
    drops = PlanRetention(at_.manifests.PinAll(), at_.config().retention, RetentionNow());
    outcome = ApplyRetention(drops, at_.manifests, graveyard_, at_.metrics);
  }
  if (!outcome) LogWarn("retention will be tried again", outcome.error());
}

}  // namespace strata::store
