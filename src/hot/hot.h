// Hot: the rows in memory. Lanes of blocks for each collection; published by position; evicted only
// when sealed.
//
// Who calls what: ingest leases a lane, writes rows with model::RowWriter, and later (committer thread)
// publishes them by appending to the blocks' run tables. Queries and the sealer take slices. The
// sealer reports sealed positions and evicts.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "model/block.h"
#include "model/collection.h"
#include "model/row_writer.h"

namespace strata::hot {

using Position = std::uint64_t;

struct Config {
  std::uint64_t memory_bytes = 1ULL << 30;      // sealed blocks go when blocks hold more
  std::chrono::nanoseconds retention = std::chrono::hours(1);  // sealed blocks go when older
  std::uint32_t lanes_max = 2;                  // per collection; a second only when the first is busy
};

class Lane;

// Exclusive use of a lane from construction to destruction: rows that are written under one lease are
// submitted to the log before it ends, so that positions within a lane ascend with rows.
class LaneLease {
 public:
  explicit LaneLease(Lane& lane);  // adopts a lane that is locked
  LaneLease(LaneLease&& other) noexcept;
  LaneLease& operator=(LaneLease&&) = delete;
  ~LaneLease();

  model::BlockSource& source();

 private:
  Lane* lane_;
};

struct CollectionState {
  model::CollectionId id = 0;
  std::uint64_t rows = 0;            // published, in memory
  std::uint64_t bytes = 0;           // of blocks
  std::uint64_t unsealed_rows = 0;   // published, above `sealed`
  std::uint64_t unsealed_bytes = 0;  // of the blocks that hold them
  Position first = 0;                // lowest and highest published position in memory
  Position last = 0;
  Position first_unsealed = 0;  // 0: all is sealed
  Position sealed = 0;
  Position floor = 0;  // every published row above it is in memory
  MonotonicTime oldest_unsealed;  // when the block with the oldest unsealed row was begun
};

class Hot {
 public:
  Hot(const Config& config, const Clock& clock);
  ~Hot();

  // Waits for no lane longer than one request's decoding takes. Any thread.
  LaneLease Lease(const model::Collection& collection);

  // Rows of the collection with after < position <= up_to, published. Ascending positions within a
  // slice, not across slices of different lanes. Any thread. Empty for an unknown collection.
  std::vector<model::BlockSlice> Slices(model::CollectionId id, Position after,
                                        Position up_to) const;

  // Positions at or below are in parts (or were dropped by retention); 0 until told. Any thread.
  void SetSealed(model::CollectionId id, Position sealed);
  // Rows at or below may be missing in memory. Load it before Slices(): it only grows.
  Position Floor(model::CollectionId id) const;

  // Drops blocks that are wholly sealed and over the limits. `all` drops every sealed one.
  // Returns the bytes freed.
  std::uint64_t Evict(bool all = false);

  std::vector<CollectionState> States() const;
  std::uint64_t bytes() const;  // of all blocks, about

 private:
  struct Entry;
  Entry* Find(model::CollectionId id) const;
  Entry& FindOrAdd(const model::Collection& collection);

  const Config config_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Entry>> entries_ GUARDED_BY(mutex_);  // by id
};

}  // namespace strata::hot
