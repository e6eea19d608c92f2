// Hot: the rows in memory. Lanes of blocks for each collection; published by position; evicted only
// when sealed.
//
// Who calls what: ingest leases a lane, writes rows with model::RowWriter, takes them as
// PendingRows, submits the request to the log, ends the lease; the committer publishes or drops the
// PendingRows. Queries and the sealer take slices. The sealer reports sealed positions and evicts.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/live.h"
#include "base/mutex.h"
#include "model/block.h"
#include "model/collection.h"
#include "model/row_writer.h"

namespace strata::hot {

using Position = std::uint64_t;

struct Config {
  std::uint64_t memory_bytes = 1ULL << 30;  // sealed blocks go when blocks hold more
  std::chrono::nanoseconds retention = std::chrono::hours(1);  // sealed blocks go when older
  std::uint32_t lanes_max = 2;  // per collection; a second only when the first is busy
};

class Lane;

// Rows of one request: written, not yet visible. Destroyed without Publish(), they never will be.
class PendingRows {
 public:
  PendingRows() = default;
  PendingRows(Lane& lane, std::vector<model::RowRange> ranges);
  PendingRows(PendingRows&& other) noexcept = default;
  PendingRows& operator=(PendingRows&& other) noexcept;
  ~PendingRows();

  // Makes the rows visible to whoever sees `position`. Requires: called in position order, by one
  // thread, at most once.
  void Publish(Position position);

 private:
  void Drop();

  Lane* lane_ = nullptr;
  std::vector<model::RowRange> ranges_;
};

// Exclusive use of a lane from construction to destruction: rows that are written under one lease
// are submitted to the log before it ends, so that positions within a lane ascend with rows.
class LaneLease {
 public:
  explicit LaneLease(Lane& lane);  // adopts a lane that is locked
  LaneLease(LaneLease&& other) noexcept;
  LaneLease& operator=(LaneLease&&) = delete;
  ~LaneLease();

  model::BlockSource& source();
  PendingRows Take(const model::RowWriter& writer);

 private:
  Lane* lane_;
};

struct CollectionState {
  model::CollectionId id = 0;
  std::uint64_t rows = 0;            // published, in memory
  std::uint64_t bytes = 0;           // of blocks
  std::uint64_t unsealed_rows = 0;   // published, above `sealed`
  std::uint64_t unsealed_bytes = 0;  // of the blocks that hold them
  std::uint64_t sealed_bytes = 0;    // of blocks that could be evicted
  Position first = 0;                // lowest and highest published position in memory, 0: none
  Position last = 0;
  Position first_unsealed = 0;  // 0: all is sealed
  Position sealed = 0;
  Position floor = 0;               // every published row above it is in memory
  MonotonicTime oldest_unsealed{};  // about when the oldest unsealed row was published
};

class Hot {
 public:
  Hot(const Config& config, const Clock& clock);
  ~Hot();

  // Waits for no lane longer than one request's decoding takes. Any thread.
  LaneLease Lease(const model::Collection& collection);

  // Rows of the collection with after < position <= up_to, published. Ascending positions within a
  // slice, not across slices of different lanes. Any thread. Empty for an unknown collection.
  //
  // A reader that joins them with parts reads Floor() first, chooses `after` >= it, and reads
  // Floor() again afterwards: if it then exceeds `after`, rows were evicted in between and it
  // starts anew.
  std::vector<model::BlockSlice> Slices(model::CollectionId id, Position after,
                                        Position up_to) const;

  // At start, before any row: what is sealed is not in memory either.
  void Restore(const model::Collection& collection, Position sealed);

  // Positions at or below are in parts (or were dropped by retention); 0 until told. Any thread.
  void SetSealed(model::CollectionId id, Position sealed);
  Position Sealed(model::CollectionId id) const;
  // Rows at or below may be missing in memory. Only grows.
  Position Floor(model::CollectionId id) const;

  // Drops blocks that are wholly sealed and over the limits, oldest first. `all` drops every sealed
  // one. Returns the bytes freed.
  std::uint64_t Evict(bool all = false);

  std::vector<CollectionState> States() const;
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  const Config& config() const { return config_.Get(); }
  // Memory and retention, for the next Evict(). Any thread. Requires: lanes_max stays.
  void Configure(const Config& config);

 private:
  struct Entry;
  Entry* Find(model::CollectionId id) const;
  Entry& FindOrAdd(const model::Collection& collection);

  Live<Config> config_;
  const Clock& clock_;
  std::atomic<std::uint64_t> bytes_{0};
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Entry>> entries_ GUARDED_BY(mutex_);  // by id; some are null
};

}  // namespace strata::hot
