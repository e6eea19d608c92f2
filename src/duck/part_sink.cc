#include "duck/part_sink.h"

#include <algorithm>
#include <filesystem>

#include "base/fault_point.h"
#include "base/hash.h"
#include "duckdb/common/error_data.hpp"
#include "duckdb/common/exception.hpp"

namespace strata::duck {

using duckdb::FlatVector;
using duckdb::idx_t;

Result<std::unique_ptr<PartSink>> PartSink::Create(os::FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(auto file, PartFile::Create(files, path));
  return std::unique_ptr<PartSink>(new PartSink(files, path, std::move(file)));
}

ByteSink PartSink::bytes_sink() {
  return [this](const void* data, std::size_t bytes) {
    if (failure_) throw duckdb::IOException("an earlier write of the part failed");
    if (auto written = file_.Append(data, bytes); !written) {
      failure_ = std::move(written).error();
      throw duckdb::IOException(failure_->message);
    }
  };
}

Result<PartInfo> PartSink::Guard(const std::function<Result<PartInfo>()>& write) {
  try {
    return write();
  } catch (const std::exception& e) {
    if (failure_) return std::move(*failure_).Within("write part " + path_);
    return Error{Code::kUnavailable,
                 "write part " + path_ + ": " + duckdb::ErrorData(e).RawMessage()};
  }
}

void PartSink::AddTraceIds(duckdb::Vector& ids, idx_t rows) {
  has_ids_ = true;
  const auto* values = FlatVector::GetData<duckdb::string_t>(ids);
  const auto& validity = FlatVector::Validity(ids);
  for (idx_t i = 0; i < rows; ++i) {
    if (!validity.RowIsValid(i)) continue;
    const std::uint64_t hash = PartFilter::HashOfId({values[i].GetData(), values[i].GetSize()});
    // Rows of a trace often stand together.
    if (hashes_.empty() || hashes_.back() != hash) hashes_.push_back(hash);
  }
}

void PartSink::AddPositions(duckdb::Vector& positions, idx_t rows) {
  const auto* values = FlatVector::GetData<std::uint64_t>(positions);
  const auto [low, high] = std::minmax_element(values, values + rows);
  info_.min_position = info_.rows == 0 && info_.max_position == 0
                           ? *low
                           : std::min<Position>(info_.min_position, *low);
  info_.max_position = std::max<Position>(info_.max_position, *high);
}

void PartSink::AddTimes(duckdb::Vector& times, idx_t rows) {
  const auto* values = FlatVector::GetData<std::int64_t>(times);
  const auto& validity = FlatVector::Validity(times);
  for (idx_t i = 0; i < rows; ++i) {
    if (!validity.RowIsValid(i)) continue;
    info_.min_time = std::min(info_.min_time, values[i]);
    info_.max_time = std::max(info_.max_time, values[i]);
  }
}

void PartSink::EndRowGroup(std::uint64_t rows) {
  info_.rows += rows;
  if (has_ids_) filter_.AddGroup(hashes_);
  hashes_.clear();
}

Result<PartInfo> PartSink::Finish(std::vector<PartColumn> columns) {
  if (has_ids_) {
    const Bytes bytes = filter_.Encode();
    ASSIGN_OR_RETURN(auto filter, PartFile::Create(files_, FilterPath(path_)));
    RETURN_IF_ERROR(filter.Append(bytes.data(), bytes.size()));
    RETURN_IF_ERROR(filter.Finish());
    info_.filter_bytes = bytes.size();
    info_.filter_hash = Hash64(bytes);
    FaultPoint<"duck.filter.written">();
  }
  RETURN_IF_ERROR(file_.Finish());
  RETURN_IF_ERROR(files_.SyncDirectory(std::filesystem::path(path_).parent_path()));
  FaultPoint<"duck.part.durable">();
  info_.bytes = file_.bytes();
  info_.block_crcs = file_.block_crcs();
  info_.columns = std::move(columns);
  return std::move(info_);
}

ParquetSchema SchemaOf(model::Kind kind, const std::vector<PartField>& fields,
                       const std::vector<PartColumn>& columns,
                       const std::vector<RestKey>& rest_keys, const PartOptions& options) {
  ParquetSchema schema;
  for (const PartField& field : fields) {
    schema.names.push_back(field.name);
    schema.types.push_back(field.type);
    schema.field_ids.push_back(field.id);
  }
  schema.metadata = {{kVersionKey, kVersion},
                     {kKindKey, std::string(model::KindName(kind))},
                     {kColumnsKey, EncodeColumns(columns)}};
  if (rest_keys.size() <= kRestKeysMax) {
    schema.metadata.emplace_back(kRestKeysKey, EncodeRestKeys(rest_keys));
  }
  schema.zstd_level = options.zstd_level;
  return schema;
}

}  // namespace strata::duck
