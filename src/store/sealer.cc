#include "store/sealer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/fault_point.h"
#include "base/log.h"

namespace strata::store {
namespace {

std::uint64_t RowCount(std::span<const model::BlockSlice> slices) {
  std::uint64_t rows = 0;
  for (const model::BlockSlice& slice : slices) rows += slice.RowCount();
  return rows;
}

Position FirstPosition(std::span<const model::BlockSlice> slices) {
  return std::ranges::min_element(slices, {}, &model::BlockSlice::first_position)->first_position();
}

Position LastPosition(std::span<const model::BlockSlice> slices) {
  return std::ranges::max_element(slices, {}, &model::BlockSlice::last_position)->last_position();
}

}  // namespace

Sealer::Sealer(const Workplace& at, hot::Hot& hot, LogSource& log, Carry& carry)
    : at_(at), hot_(hot), log_(log), carry_(carry) {
  carried_through_.store(carry.through(), std::memory_order_relaxed);
  carry_bytes_.store(carry.bytes(), std::memory_order_relaxed);
}

Sealer::~Sealer() {
  Stop();
}

void Sealer::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void Sealer::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Sealer::Nudge() {
  {
    const MutexLock lock(state_mutex_);
    nudged_ = true;
  }
  wake_.notify_one();
}

void Sealer::ReportDamagedCarry(const std::string& reason) {
  {
    const MutexLock lock(pass_mutex_);
    if (carry_.number() != 0) carry_.MarkDamaged(reason);
  }
  Nudge();
}

void Sealer::ReportDamagedLog(Position position) {
  Position known = log_damaged_through_.load(std::memory_order_relaxed);
  while (known < position &&
         !log_damaged_through_.compare_exchange_weak(known, position, std::memory_order_relaxed)) {
  }
  Nudge();
}

void Sealer::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    static_cast<void>(Pass(stop).has_value());  // judged and told already
    const MutexLock lock(state_mutex_);
    wake_.wait_for(state_mutex_, stop, at_.config().seal.check_interval,
                   [this]() REQUIRES(state_mutex_) { return nudged_; });
    nudged_ = false;
  }
}

std::string Sealer::ailment() const {
  const MutexLock lock(state_mutex_);
  return ailment_;
}

Carry::SealedOf Sealer::SealedOf() const {
  return [this](model::CollectionId id) { return at_.manifests.Sealed(id); };
}

Status Sealer::Pass(const std::stop_token& stop) {
  const MutexLock lock(pass_mutex_);
  go_on_ = [stop] { return !stop.stop_requested(); };
  hot_.Evict();
  Status outcome = Done{};
  if (at_.clock.Monotonic() >= retry_at_) {
    outcome = at_.manifests.TakeOverCollections(go_on_);
    const SealPressure pressure = Pressure();
    if (outcome) outcome = SealDue(pressure);
    if (Position through = log_damaged_through_.load(std::memory_order_relaxed);
        outcome && through != 0) {
      outcome = SealHolders(through);
      // What was reported meanwhile stays.
      if (outcome) {
        log_damaged_through_.compare_exchange_strong(through, 0, std::memory_order_relaxed);
      }
    }
    if (outcome && carry_.damaged()) {
      outcome = SealHolders(carry_.through());
    } else if (outcome && pressure.log_needs > 0) {
      outcome = CarryResidues(pressure.log_needs);
    }
    if (!go_on_()) return outcome;  // which says nothing of the disk
    Judge(outcome);
    hot_.Evict();
  }
  Status released = Release();
  return outcome ? released : outcome;
}

void Sealer::Judge(const Status& outcome) {
  const MutexLock lock(state_mutex_);
  if (outcome) {
    if (!ailment_.empty()) LogInfo("sealing works again");
    ailment_.clear();
    retry_delay_ = {};
    return;
  }
  const SealConfig& config = at_.config().seal;
  retry_delay_ = std::clamp(retry_delay_ * 2, config.retry_min, config.retry_max);
  retry_at_ =
      at_.clock.Monotonic() + std::chrono::duration_cast<MonotonicTime::duration>(retry_delay_);
  at_.metrics.seal_failures.Add();
  if (ailment_.empty()) {
    LogError("sealing failed and will be tried again; rows stay in memory and in the log",
             outcome.error());
  }
  ailment_ = outcome.error().message;
}

Status Sealer::SealDue(const SealPressure& pressure) {
  const auto tasks = PlanSeals(hot_.States(), at_.clock.Monotonic(), at_.config().seal,
                               at_.config().carry, pressure);
  Status outcome = Done{};
  for (const SealTask& task : tasks) {
    if (!go_on_()) break;
    Status sealed = Seal(task);
    if (sealed) continue;
    const bool full = os::IsNoSpace(sealed.error());
    if (outcome) outcome = std::move(sealed);
    if (full) break;  // it is so for the others, too
  }
  return outcome;
}

// All rows that are published now, in as many parts as they need.
Status Sealer::Seal(const SealTask& task) {
  const model::Collection* collection = at_.collections.Find(task.state.id);
  CHECK(collection != nullptr);
  // It may be younger than this pass, and then no manifest knows it yet.
  RETURN_IF_ERROR(at_.manifests.TakeOverCollections(go_on_));
  if (const auto unlisted = unlisted_.find(task.state.id); unlisted != unlisted_.end()) {
    RETURN_IF_ERROR(ListPart(unlisted->second, *collection));
    unlisted_.erase(unlisted);
  }
  const Position up_to = log_.published();
  FaultPoint<"store.seal.begun">();
  while (true) {
    const Position sealed = at_.manifests.Sealed(collection->id);
    auto slices = hot_.Slices(collection->id, sealed, up_to);
    if (slices.empty()) return Done{};
    const Position end = PartEnd(slices, at_.config().seal.part_rows_max);
    if (end < LastPosition(slices)) slices = hot_.Slices(collection->id, sealed, end);
    RETURN_IF_ERROR(WritePart(task, *collection, slices));
  }
}

Status Sealer::WritePart(const SealTask& task, const model::Collection& collection,
                         std::span<const model::BlockSlice> slices) {
  const MonotonicTime began = at_.clock.Monotonic();
  const std::int64_t now_ns = at_.clock.WallNanos();
  const Duration age = std::max(Duration(began - task.state.oldest_unsealed), Duration::zero());
  const std::uint64_t rows = RowCount(slices);
  ASSIGN_OR_RETURN(const std::string path,
                   NewPartPath(at_, collection, now_ns - age.count(), FirstPosition(slices),
                               LastPosition(slices)));
  auto info = at_.writer.Write(collection.kind, slices, (at_.config().data_dir / path).native());
  if (!info) {
    RemoveUnlisted(at_, path);
    return std::move(info).error().Within("seal " + collection.namespace_name + "/" +
                                          collection.name);
  }
  FaultPoint<"store.seal.part_written">();
  CHECK(info->rows == rows && info->min_position == FirstPosition(slices) &&
        info->max_position == LastPosition(slices));
  auto part = std::make_shared<const Part>(
      Part{.collection = collection.id,
           .path = path,
           .first_arrival_ns = now_ns - age.count(),
           .last_arrival_ns = now_ns,
           .info = std::make_shared<const duck::PartInfo>(*std::move(info))});
  if (auto listed = ListPart(part, collection); !listed) {
    // After a crash the manifest may list it all the same, so it stays.
    unlisted_[collection.id] = std::move(part);
    return std::move(listed).error().Within("seal " + collection.namespace_name + "/" +
                                            collection.name);
  }
  const std::chrono::duration<double> took = at_.clock.Monotonic() - began;
  at_.metrics.seal_seconds.Observe(took.count());
  if (took.count() > 0.01) rows_per_second_ = static_cast<double>(rows) / took.count();
  LogDebug("part sealed", {{"path", path},
                           {"reason", SealReasonName(task.reason)},
                           {"rows", rows},
                           {"bytes", part->info->bytes},
                           {"elapsed_ms", took.count() * 1000}});
  return Done{};
}

Status Sealer::ListPart(const PartPtr& part, const model::Collection& collection) {
  Edit edit;
  edit.emplace_back(AddPart{part});
  edit.emplace_back(SetSealed{collection.id, part->max_position()});
  RETURN_IF_ERROR(at_.manifests.Apply(collection.namespace_name, edit));
  FaultPoint<"store.seal.part_listed">();
  hot_.SetSealed(collection.id, part->max_position());
  at_.metrics.sealed_parts.Add();
  at_.metrics.sealed_rows.Add(part->rows());
  at_.metrics.sealed_bytes.Add(part->info->bytes);
  return Done{};
}

bool Sealer::SealAll(MonotonicTime deadline) {
  const MutexLock lock(pass_mutex_);
  go_on_ = [this, deadline] { return at_.clock.Monotonic() < deadline; };
  FaultPoint<"store.stop.sealing">();
  auto states = hot_.States();
  std::ranges::sort(states, std::ranges::greater(), &hot::CollectionState::unsealed_bytes);
  bool all = at_.manifests.TakeOverCollections(go_on_).has_value();
  for (const hot::CollectionState& state : states) {
    if (state.first_unsealed == 0) continue;
    const std::chrono::duration<double> needed(static_cast<double>(state.unsealed_rows) /
                                               rows_per_second_);
    if (at_.clock.Monotonic() + std::chrono::duration_cast<Duration>(needed) >= deadline) {
      all = false;
      continue;
    }
    if (const Status sealed = Seal({state, SealReason::kStop}); !sealed) {
      LogWarn("not sealed on stop; the rows stay in the log", sealed.error());
      all = false;
      if (os::IsNoSpace(sealed.error())) break;
    }
  }
  if (const Status released = Release(); !released) {
    LogWarn("segments of the log not released on stop", released.error());
  }
  return all;
}

}  // namespace strata::store
