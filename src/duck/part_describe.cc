#include "duck/part_describe.h"

#include <algorithm>
#include <memory>
#include <new>

#include "base/crc32c.h"
#include "base/hash.h"
#include "duck/library.h"
#include "duck/part_file_system.h"
#include "duck/part_filter.h"
#include "duck/part_schema.h"
#include "duck/statement_state.h"
#include "model/schema.h"
#include "parquet_reader.hpp"

namespace strata::duck {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;

constexpr std::uint64_t kFilterBytesMax = 1_GiB;

Result<PartInfo> ReadChecksums(const std::string& path, os::FileSystem& files) {
  PartInfo info;
  ASSIGN_OR_RETURN(const auto file, files.Open(path, {}));
  Bytes block(kPartBlockBytes);
  while (true) {
    ASSIGN_OR_RETURN(const std::size_t read, file->ReadAt(info.bytes, block));
    if (read == 0) break;
    info.block_crcs.push_back(Crc32c(ByteSpan(block).first(read)));
    info.bytes += read;
    if (read < block.size()) break;
  }
  return info;
}

void NoteFilter(const std::string& path, os::FileSystem& files, PartInfo& info) {
  const auto bytes = files.ReadAll(FilterPath(path), kFilterBytesMax);
  if (!bytes || !PartFilter::Decode(*bytes)) return;
  info.filter_bytes = bytes->size();
  info.filter_hash = Hash64(*bytes);
}

// Reads all of a part and notes what a manifest says of its rows.
class Description {
 public:
  Description(duckdb::ClientContext& context, model::Kind kind, const std::string& path)
      : context_(context),
        time_name_(model::FixedColumns(kind)[model::TimeColumn(kind)].name),
        reader_(duckdb::make_shared_ptr<duckdb::ParquetReader>(
            context, duckdb::OpenFileInfo(kPartScheme + path), duckdb::ParquetOptions(context))) {
    Expect(kVersionKey, kVersion);
    Expect(kKindKey, std::string(model::KindName(kind)));
    auto columns = DecodeColumns(Metadata(kColumnsKey));
    if (!columns) throw duckdb::InvalidInputException(columns.error().message);
    columns_ = *std::move(columns);
  }

  void AddTo(PartInfo& info) {
    info.columns = columns_;
    duckdb::vector<duckdb::LogicalType> types;
    for (idx_t i = 0; i < reader_->columns.size(); ++i) {
      types.push_back(reader_->columns[i].type);
      reader_->column_ids.push_back(duckdb::MultiFileLocalColumnId(i));
      reader_->column_indexes.emplace_back(i);
    }
    const idx_t position = Find("position", duckdb::LogicalType::UBIGINT);
    const idx_t time = Find(time_name_, duckdb::LogicalType::TIMESTAMP_NS);
    duckdb::vector<idx_t> groups;
    for (idx_t i = 0; i < reader_->NumRowGroups(); ++i) groups.push_back(i);
    duckdb::ParquetReaderScanState state;
    reader_->InitializeScan(context_, state, groups);
    duckdb::DataChunk chunk;
    chunk.Initialize(context_, types);
    for (;;) {
      chunk.Reset();
      reader_->Scan(context_, state, chunk);
      if (chunk.size() == 0) break;
      chunk.Flatten();
      NotePositions(chunk.data[position], chunk.size(), info);
      NoteTimes(chunk.data[time], chunk.size(), info);
      info.rows += chunk.size();
    }
    if (info.rows == 0) throw duckdb::InvalidInputException("it has no rows");
  }

 private:
  const std::string& Metadata(const char* key) const {
    for (const auto& pair : reader_->GetFileMetadata()->key_value_metadata) {
      if (pair.key == key) return pair.value;
    }
    throw duckdb::InvalidInputException("it has no %s", key);
  }
  void Expect(const char* key, const std::string& value) const {
    if (Metadata(key) != value) {
      throw duckdb::InvalidInputException("%s is not %s", key, value);
    }
  }
  idx_t Find(const std::string& name, const duckdb::LogicalType& type) const {
    for (idx_t i = 0; i < reader_->columns.size(); ++i) {
      if (reader_->columns[i].name == name && reader_->columns[i].type == type) return i;
    }
    throw duckdb::InvalidInputException("it has no column %s", name);
  }
  static void NotePositions(duckdb::Vector& positions, idx_t rows, PartInfo& info) {
    const auto* values = FlatVector::GetData<std::uint64_t>(positions);
    const auto [low, high] = std::minmax_element(values, values + rows);
    info.min_position = info.rows == 0 ? *low : std::min<Position>(info.min_position, *low);
    info.max_position = std::max<Position>(info.max_position, *high);
  }
  static void NoteTimes(duckdb::Vector& times, idx_t rows, PartInfo& info) {
    const auto* values = FlatVector::GetData<std::int64_t>(times);
    for (idx_t i = 0; i < rows; ++i) {
      if (FlatVector::IsNull(times, i)) continue;
      info.min_time = std::min(info.min_time, values[i]);
      info.max_time = std::max(info.max_time, values[i]);
    }
  }

  duckdb::ClientContext& context_;
  const std::string time_name_;
  duckdb::shared_ptr<duckdb::ParquetReader> reader_;
  std::vector<PartColumn> columns_;
};

// What the machine did to us says nothing about the bytes.
Code CodeOf(const std::exception& e, const StatementState& state) {
  const duckdb::ErrorData error(e);
  const bool no_memory = dynamic_cast<const std::bad_alloc*>(&e) != nullptr ||
                         error.Type() == duckdb::ExceptionType::OUT_OF_MEMORY;
  if (no_memory) return Code::kUnavailable;
  const bool refused = error.Type() == duckdb::ExceptionType::IO && state.damaged_parts().empty();
  return refused ? Code::kIo : Code::kCorrupt;
}

}  // namespace

Result<PartInfo> DescribePart(model::Kind kind, const std::string& path, os::FileSystem& files) {
  const std::string what = "part " + path + ": ";
  ASSIGN_OR_RETURN(PartInfo info, ReadChecksums(path, files));
  const std::unique_ptr<duckdb::Connection> connection = LibraryConnection();
  StatementState& state = StatementState::Of(*connection->context);
  auto snapshot = std::make_shared<Snapshot>();
  const PartRef part{.path = path, .info = std::make_shared<const PartInfo>(info)};
  snapshot->kinds[kind].push_back({.collection = {}, .hot = {}, .parts = {part}});
  state.snapshot = std::move(snapshot);
  state.files = &files;
  try {
    // Reading parts needs a transaction's context.
    connection->BeginTransaction();
    Description(*connection->context, kind, path).AddTo(info);
  } catch (const std::exception& e) {
    return Error{CodeOf(e, state), what + duckdb::ErrorData(e).RawMessage()};
  }
  NoteFilter(path, files, info);
  return info;
}

}  // namespace strata::duck
