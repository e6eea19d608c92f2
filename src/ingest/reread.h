// Reread: rows of one collection, decoded once more from the log, for whoever lost his copy of
// them.
//
// Threads: any; blocks while frames are read and decoded. Memory: the rows, which the slices keep.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "model/block.h"
#include "model/collection.h"
#include "wal/log.h"

namespace strata::ingest {

// What is read at once, about: a frame more than either, and always one.
struct RereadLimits {
  std::uint64_t rows_max = 250'000;
  std::uint64_t payload_bytes_max = 32_MiB;  // of their frames; decoded rows are some times that
};

struct RereadRows {
  std::vector<model::BlockSlice> slices;
  wal::Position through = 0;  // the slices are all that the collection has up to here
};

// The rows of `range`, from its first position on, within `limits`. Frames that damage hit are not
// among them, the log tells of it. kNotFound: the first position was released.
Result<RereadRows> Reread(wal::Log& log, model::CollectionTable& collections,
                          const model::Collection& collection, const wal::PositionRange& range,
                          const RereadLimits& limits, const Clock& clock);

}  // namespace strata::ingest
