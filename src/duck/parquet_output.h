// ParquetOutput: DuckDB's Parquet writer onto a byte sink of ours. Internal to module duck.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "duckdb/common/types/data_chunk.hpp"
#include "duckdb/main/client_context.hpp"

namespace strata::duck {

struct ParquetSchema {
  std::vector<std::string> names;
  duckdb::vector<duckdb::LogicalType> types;
  // Field ids, one for each column (nested fields get none); empty: no ids.
  std::vector<std::int32_t> field_ids;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::int32_t zstd_level = 1;
};

// Rows of one column. The vector is flat and may hold more rows than STANDARD_VECTOR_SIZE.
struct ColumnBatch {
  duckdb::Vector* vector = nullptr;
  duckdb::idx_t rows = 0;
};

// Called with the file's bytes in order. May throw.
using ByteSink = std::function<void(const void* data, std::size_t bytes)>;

// One thread. For each row group: BeginRowGroup, every column once in order, EndRowGroup. Throws
// what DuckDB and the sink throw.
class ParquetOutput {
 public:
  ParquetOutput(duckdb::ClientContext& context, ParquetSchema schema, ByteSink sink);
  ~ParquetOutput();

  void BeginRowGroup(duckdb::idx_t rows);
  // `batches` hold all rows of the row group; flat vectors. `may_repeat`: a dictionary is tried;
  // else the values are delta-encoded right away. Floating-point numbers keep every bit.
  void WriteColumn(std::span<ColumnBatch> batches, bool may_repeat);
  void EndRowGroup();

  void Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace strata::duck
