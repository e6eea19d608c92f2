#include "hot/hot.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/fault_point.h"
#include "hot/lane.h"

namespace strata::hot {

struct Hot::Entry {
  Entry(model::CollectionId the_id, model::Kind the_kind) : id(the_id), kind(the_kind) {}

  const model::CollectionId id;
  const model::Kind kind;
  CollectionMarks marks;
  mutable Mutex mutex;
  std::vector<std::unique_ptr<Lane>> lanes GUARDED_BY(mutex);  // only grows

  std::vector<Lane*> Lanes() const {
    const MutexLock lock(mutex);
    std::vector<Lane*> all;
    all.reserve(lanes.size());
    for (const auto& lane : lanes) all.push_back(lane.get());
    return all;
  }
};

Hot::Hot(const Config& config, const Clock& clock) : config_(config), clock_(clock) {}

Hot::~Hot() = default;

void Hot::Configure(const Config& config) {
  CHECK(config.lanes_max == config_.Get().lanes_max);
  config_.Set(config);
}

Hot::Entry* Hot::Find(model::CollectionId id) const {
  const MutexLock lock(mutex_);
  return id < entries_.size() ? entries_[id].get() : nullptr;
}

Hot::Entry& Hot::FindOrAdd(const model::Collection& collection) {
  const MutexLock lock(mutex_);
  if (entries_.size() <= collection.id) entries_.resize(collection.id + 1);
  auto& entry = entries_[collection.id];
  if (entry == nullptr) entry = std::make_unique<Entry>(collection.id, collection.kind);
  return *entry;
}

// The first lane that is free; a further one only when all are busy, so that one decode thread
// after another fills the same blocks while the rate is low.
LaneLease Hot::Lease(const model::Collection& collection) {
  Entry& entry = FindOrAdd(collection);
  Lane* first = nullptr;
  {
    const MutexLock lock(entry.mutex);
    for (const auto& lane : entry.lanes) {
      if (lane->TryLock()) return LaneLease(*lane);
    }
    if (entry.lanes.size() < config_.Get().lanes_max) {
      entry.lanes.push_back(std::make_unique<Lane>(entry.kind, entry.marks, bytes_, clock_));
      CHECK(entry.lanes.back()->TryLock());  // nobody else knows it yet
      return LaneLease(*entry.lanes.back());
    }
    first = entry.lanes.front().get();
  }
  first->Lock();
  return LaneLease(*first);
}

std::vector<model::BlockSlice> Hot::Slices(model::CollectionId id, Position after,
                                           Position up_to) const {
  std::vector<model::BlockSlice> slices;
  const Entry* entry = Find(id);
  if (entry == nullptr) return slices;
  for (const Lane* lane : entry->Lanes()) lane->Slices(after, up_to, slices);
  return slices;
}

void Hot::Restore(const model::Collection& collection, Position sealed) {
  Entry& entry = FindOrAdd(collection);
  entry.marks.sealed.store(sealed, std::memory_order_release);
  entry.marks.floor.store(sealed, std::memory_order_release);
}

void Hot::SetSealed(model::CollectionId id, Position sealed) {
  Entry* entry = Find(id);
  if (entry == nullptr) return;
  if (sealed <= entry->marks.sealed.load(std::memory_order_relaxed)) return;
  entry->marks.sealed.store(sealed, std::memory_order_release);
  FaultPoint<"hot.sealed.moved">();
  // What came after the sealed position is younger than this call's snapshot; restart its age. A
  // row published in between sets the time itself.
  entry->marks.unsealed_since.store(0, std::memory_order_relaxed);
  CollectionState state{.id = id, .sealed = sealed};
  for (const Lane* lane : entry->Lanes()) lane->AddTo(state);
  if (state.first_unsealed != 0) {
    entry->marks.unsealed_since.store(clock_.Monotonic().time_since_epoch().count(),
                                      std::memory_order_relaxed);
  }
}

Position Hot::Sealed(model::CollectionId id) const {
  const Entry* entry = Find(id);
  return entry == nullptr ? 0 : entry->marks.sealed.load(std::memory_order_acquire);
}

Position Hot::Floor(model::CollectionId id) const {
  const Entry* entry = Find(id);
  return entry == nullptr ? 0 : entry->marks.floor.load(std::memory_order_acquire);
}

std::uint64_t Hot::Evict(bool all) {
  std::vector<Entry*> entries;
  {
    const MutexLock lock(mutex_);
    for (const auto& entry : entries_) {
      if (entry != nullptr) entries.push_back(entry.get());
    }
  }
  const Config& config = config_.Get();
  const MonotonicTime expired = clock_.Monotonic() - config.retention;
  std::uint64_t freed = 0;
  std::vector<std::pair<MonotonicTime, Lane*>> by_age;
  for (const Entry* entry : entries) {
    for (Lane* lane : entry->Lanes()) {
      while (const std::uint64_t bytes = lane->EvictOne(all, expired)) freed += bytes;
      if (const auto oldest = lane->Oldest()) by_age.emplace_back(*oldest, lane);
    }
  }
  // Over the limit: from the lane with the oldest block on, a tenth below it, so that this does not
  // run again at once.
  const std::uint64_t target = config.memory_bytes / 10 * 9;
  if (bytes() <= config.memory_bytes) return freed;
  std::ranges::sort(by_age);
  for (const auto& [oldest, lane] : by_age) {
    while (bytes() > target) {
      const std::uint64_t bytes = lane->EvictOne(/*any=*/true, expired);
      if (bytes == 0) break;
      freed += bytes;
    }
  }
  return freed;
}

std::vector<CollectionState> Hot::States() const {
  std::vector<Entry*> entries;
  {
    const MutexLock lock(mutex_);
    for (const auto& entry : entries_) {
      if (entry != nullptr) entries.push_back(entry.get());
    }
  }
  std::vector<CollectionState> states;
  states.reserve(entries.size());
  for (const Entry* entry : entries) {
    const std::int64_t since = entry->marks.unsealed_since.load(std::memory_order_relaxed);
    CollectionState state{
        .id = entry->id,
        .sealed = entry->marks.sealed.load(std::memory_order_acquire),
        .floor = entry->marks.floor.load(std::memory_order_acquire),
        .oldest_unsealed = MonotonicTime(MonotonicTime::duration(since)),
    };
    for (const Lane* lane : entry->Lanes()) lane->AddTo(state);
    states.push_back(state);
  }
  return states;
}

}  // namespace strata::hot
