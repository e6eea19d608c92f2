// Parts: rows of blocks to Parquet files, and small Parquet files to larger ones. The layout is
// docs/formats/parquet.md.
//
// Threads: any; a call uses the calling thread only. Memory: WritePart about 40 bytes a row above
// the blocks, plus one row group of the output; MergeParts one row group of the output and a few
// pages of each input. Neither depends on a running Engine.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "duck/snapshot.h"
#include "model/block.h"
#include "model/kind.h"
#include "os/file_system.h"

namespace strata::duck {

struct PartOptions {
  std::int32_t zstd_level = 1;
  std::uint32_t row_group_rows = 32'768;  // docs/adr/0003-row-groups.md
  // Attribute keys (key and type) that get a column; those of the fewest rows go to
  // *_attributes_rest.
  std::uint32_t attribute_columns_max = 512;
};

// Writes the rows of `slices` (at least one, all of the same kind) to `path`, sorted for the kind's
// common query, and, where the kind has trace ids, a filter to `<path>.filter`.
// Success: both files are durable under their names. The bytes are written to `<name>.new`, synced
// and renamed, the folder is synced (once). Failure: what lies at `path` is not to be used; a
// `.new` file may be left behind. Errors: those of module os (kExhausted: no space); kInvalidInput
// never: rows of blocks are valid.
Result<PartInfo> WritePart(model::Kind kind, std::span<const model::BlockSlice> slices,
                           const PartOptions& options, os::FileSystem& files,
                           const std::string& path);

// Merges parts (at least one) of one kind and collection into one at `path`, which the same rules
// hold for. Rows keep position and ordinal; columns are the union. The inputs stay.
// Errors: kCorrupt when an input does not match its checksums; kTooLarge when the union has more
// than four times attribute_columns_max columns (merge fewer inputs); those of module os.
Result<PartInfo> MergeParts(model::Kind kind, std::span<const PartRef> inputs,
                            const PartOptions& options, os::FileSystem& files,
                            const std::string& path);

}  // namespace strata::duck
