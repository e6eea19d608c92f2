// Parts back into blocks: every row with all it came with, so that requests can be rebuilt exactly
// (docs/formats/parquet.md says where each value lies).
//
// Threads: any; a call uses the calling thread only. Memory: all rows of the part, uncompressed,
// besides the blocks that are written. Does not depend on a running Engine.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "duck/snapshot.h"
#include "model/block.h"
#include "model/kind.h"
#include "model/row_writer.h"
#include "os/file_system.h"

namespace strata::duck {

// Called for each position, ascending, when its rows are complete, in the order of their ordinals;
// the callee makes them visible (Block::runs()) if it wants that.
using PositionLoaded =
    std::function<void(Position position, const std::vector<model::RowRange>& rows)>;

// Reads the part's rows into `blocks`, which must be of `kind`, and returns how many there were.
// Errors: kCorrupt when the part does not match its checksums or is none of this kind and version;
// kUnavailable when it cannot be read. Rows that were told of until then stay.
Result<std::uint64_t> LoadPart(model::Kind kind, const PartRef& part, os::FileSystem& files,
                               model::BlockSource& blocks, const PositionLoaded& loaded);

}  // namespace strata::duck
