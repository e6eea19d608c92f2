#include "duck/part_metadata.h"

#include <algorithm>

namespace strata::duck {
namespace {

Result<std::string> Value(const duckdb_parquet::FileMetaData& footer, const char* key) {
  for (const auto& pair : footer.key_value_metadata) {
    if (pair.key == key) return pair.value;
  }
  return Error{Code::kCorrupt, "it has no " + std::string(key)};
}

}  // namespace

Result<PartMetadata> ReadPartMetadata(const duckdb_parquet::FileMetaData& footer) {
  ASSIGN_OR_RETURN(const std::string version, Value(footer, kVersionKey));
  if (version != kVersion) {
    return Error{Code::kInvalidInput,
                 "it has version " + version + ", this strata reads version " + kVersion};
  }
  PartMetadata metadata;
  ASSIGN_OR_RETURN(metadata.kind, Value(footer, kKindKey));
  ASSIGN_OR_RETURN(const std::string columns, Value(footer, kColumnsKey));
  ASSIGN_OR_RETURN(metadata.columns, DecodeColumns(columns));
  const auto keys = Value(footer, kRestKeysKey);
  if (!keys) return metadata;
  if (auto decoded = DecodeRestKeys(*keys)) {
    metadata.rest_keys = *std::move(decoded);
    std::ranges::sort(*metadata.rest_keys);
  }
  return metadata;
}

}  // namespace strata::duck
