// What the footer of a part's file says of it (docs/formats/parquet.md).
// Internal to module duck.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "duck/part_schema.h"
#include "parquet_types.h"

namespace strata::duck {

struct PartMetadata {
  std::string kind;  // by name
  std::vector<PartColumn> columns;
  // Keys that a rest may hold, sorted; nullopt: any.
  std::optional<std::vector<RestKey>> rest_keys;
};

// kCorrupt: it is none of our files. kInvalidInput: of a version that we do not
// read. The message goes on a sentence about the file: "it has …".
Result<PartMetadata> ReadPartMetadata(const duckdb_parquet::FileMetaData& footer);

}  // namespace strata::duck
