// WholePart: a part that is read from front to end, all columns, outside of a
// statement. Internal to module duck.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "duck/part_metadata.h"
#include "duck/snapshot.h"
#include "duck/statement_state.h"
#include "duckdb/common/types/data_chunk.hpp"
#include "duckdb/main/connection.hpp"
#include "model/kind.h"
#include "os/file_system.h"
#include "parquet_reader.hpp"

namespace strata::duck {

// What parts are read with. One thread. Throws what DuckDB throws.
class PartsConnection {
 public:
  // `files` must outlive it.
  PartsConnection(model::Kind kind, std::vector<PartRef> parts, os::FileSystem& files);

  duckdb::ClientContext& context() { return *connection_->context; }
  // Knows which of the parts turned out to be damaged.
  const StatementState& state() const { return StatementState::Of(*connection_->context); }

 private:
  std::unique_ptr<duckdb::Connection> connection_;
};

// One thread. Throws what DuckDB throws when bytes cannot be read.
class WholePart {
 public:
  // `context` is of a PartsConnection that knows the part, and must outlive it.
  // kCorrupt: the file is no part of this kind and of our version.
  static Result<std::unique_ptr<WholePart>> Open(duckdb::ClientContext& context, model::Kind kind,
                                                 const std::string& path);

  const PartMetadata& metadata() const { return metadata_; }
  // Of the columns, in their order.
  const duckdb::vector<duckdb::LogicalType>& types() const { return types_; }
  // The number of a column; nullopt: the part does not have it.
  std::optional<duckdb::idx_t> Find(std::string_view name) const;

  // The next rows; false: there are no more. Requires: `chunk` was initialized
  // with types(). Vectors are of any kind, and valid until the next call.
  bool Next(duckdb::DataChunk& chunk);

 private:
  WholePart(duckdb::ClientContext& context, duckdb::shared_ptr<duckdb::ParquetReader> reader,
            PartMetadata metadata);

  duckdb::ClientContext& context_;
  duckdb::shared_ptr<duckdb::ParquetReader> reader_;
  PartMetadata metadata_;
  duckdb::vector<duckdb::LogicalType> types_;
  std::map<std::string, duckdb::idx_t, std::less<>> by_name_;
  duckdb::ParquetReaderScanState state_;
};

}  // namespace strata::duck
