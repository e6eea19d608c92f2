// PartSink: takes the bytes of a part and what its manifest entry says. Internal to module duck.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "duck/parquet_output.h"
#include "duck/part_file.h"
#include "duck/part_filter.h"
#include "duck/part_schema.h"
#include "duck/part_writer.h"
#include "duck/snapshot.h"
#include "os/file_system.h"

namespace strata::duck {

class PartSink {
 public:
  static Result<std::unique_ptr<PartSink>> Create(os::FileSystem& files, const std::string& path);

  // For ParquetOutput: throws when a write failed, Guard() returns the reason.
  ByteSink bytes_sink();
  // Runs `write`, which may throw what DuckDB throws.
  Result<PartInfo> Guard(const std::function<Result<PartInfo>()>& write);

  // Values of rows of the row group at hand; flat vectors.
  void AddTraceIds(duckdb::Vector& ids, duckdb::idx_t rows);
  void AddPositions(duckdb::Vector& positions, duckdb::idx_t rows);
  void AddTimes(duckdb::Vector& times, duckdb::idx_t rows);
  void EndRowGroup(std::uint64_t rows);

  // Makes both files durable under their names.
  Result<PartInfo> Finish(std::vector<PartColumn> columns);

 private:
  PartSink(os::FileSystem& files, std::string path, PartFile file)
      : files_(files), path_(std::move(path)), file_(std::move(file)) {}

  os::FileSystem& files_;
  const std::string path_;
  PartFile file_;
  std::optional<Error> failure_;
  PartInfo info_;
  PartFilter filter_;
  std::vector<std::uint64_t> hashes_;
  bool has_ids_ = false;
};

ParquetSchema SchemaOf(model::Kind kind, const std::vector<PartField>& fields,
                       const std::vector<PartColumn>& columns,
                       const std::vector<RestKey>& rest_keys, const PartOptions& options);

}  // namespace strata::duck
