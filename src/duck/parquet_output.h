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
  std::uint64_t row_group_rows = 122'880;
};

// Rows of one column. The vector is flat and may hold more rows than STANDARD_VECTOR_SIZE.
struct ColumnBatch {
  duckdb::Vector* vector = nullptr;
  duckdb::idx_t rows = 0;
};

// Called with the file's bytes in order. May throw.
using ByteSink = std::function<void(const void* data, std::size_t bytes)>;

class ParquetOutput {
 public:
  ParquetOutput(duckdb::ClientContext& context, ParquetSchema schema, ByteSink sink);
  ~ParquetOutput();
  // --- by rows
  // Buffers rows and writes a row group whenever it is full.
  void Append(duckdb::DataChunk& chunk);
  // Ends the row group, if it has rows.
  void EndRowGroup();

  // --- by columns, which saves the buffer: begin, then every column once in order, then end
  void BeginColumns(duckdb::idx_t rows);
  // `batches` hold all rows of the row group; flat vectors. `may_repeat`: a dictionary is tried;
  // else the values are delta-encoded right away.
  void WriteColumn(std::span<ColumnBatch> batches, bool may_repeat);
  void EndColumns();

  void Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A whole file in memory.
class ParquetBuffer {
 public:
  ParquetBuffer(duckdb::ClientContext& context, ParquetSchema schema)
      : output_(context, std::move(schema), [this](const void* data, std::size_t bytes) {
          bytes_.append(static_cast<const char*>(data), bytes);
        }) {}
  void Append(duckdb::DataChunk& chunk) { output_.Append(chunk); }
  std::size_t size() const { return bytes_.size(); }
  std::string Finish() {
    output_.Finish();
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
  ParquetOutput output_;
};

}  // namespace strata::duck
