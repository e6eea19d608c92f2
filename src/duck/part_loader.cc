#include "duck/part_loader.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <tuple>

#include "duck/library.h"
#include "duck/loaded_rows.h"
#include "duck/part_file_system.h"
#include "duck/part_schema.h"
#include "duck/statement_state.h"
#include "parquet_reader.hpp"

namespace strata::duck {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;

// Where a row came from and where it belongs.
struct LoadRef {
  Position position = 0;
  std::uint32_t ordinal = 0;
  std::uint32_t chunk = 0;
  std::uint32_t row = 0;
};

const std::string& Metadata(const duckdb_parquet::FileMetaData& footer, const char* key) {
  for (const auto& pair : footer.key_value_metadata) {
    if (pair.key == key) return pair.value;
  }
  throw duckdb::InvalidInputException("it has no %s", key);
}

// All rows of a part, as its file has them.
class PartContent {
 public:
  PartContent(duckdb::ClientContext& context, model::Kind kind, const PartRef& part)
      : rows_(kind),
        reader_(duckdb::make_shared_ptr<duckdb::ParquetReader>(
            context, duckdb::OpenFileInfo(kPartScheme + part.path),
            duckdb::ParquetOptions(context))) {
    for (idx_t i = 0; i < reader_->columns.size(); ++i) {
      reader_->column_ids.push_back(duckdb::MultiFileLocalColumnId(i));
      reader_->column_indexes.emplace_back(i);
    }
    BindFields(kind);
    ReadChunks(context);
  }

  std::uint64_t WriteRows(model::BlockSource& blocks, const PositionLoaded& loaded) {
    std::ranges::sort(refs_, {}, [](const LoadRef& ref) {
      return std::tuple(ref.position, ref.ordinal, ref.chunk, ref.row);
    });
    for (auto at = refs_.begin(); at != refs_.end();) {
      const Position position = at->position;
      model::RowWriter writer(blocks);
      for (; at != refs_.end() && at->position == position; ++at) {
        rows_.Append(*chunks_[at->chunk], at->row, writer);
      }
      loaded(position, writer.Rows());
    }
    return refs_.size();
  }

 private:
  void BindFields(model::Kind kind) {
    const auto& footer = *reader_->GetFileMetadata();
    if (Metadata(footer, kVersionKey) != kVersion) {
      throw duckdb::InvalidInputException("it is of another version");
    }
    if (Metadata(footer, kKindKey) != model::KindName(kind)) {
      throw duckdb::InvalidInputException("it is of another kind");
    }
    auto attributes = DecodeColumns(Metadata(footer, kColumnsKey));
    if (!attributes) throw duckdb::InvalidInputException(attributes.error().message);
    for (const PartField& field : PartFields(kind)) {
      const auto column = Bind(field);
      if (!column && IsRequired(field, kind)) {
        throw duckdb::InvalidInputException("it has no column %s", field.name);
      }
      if (field.source == PartSource::kPosition) position_ = *column;
      if (field.source == PartSource::kFixed && field.fixed == model::kOrdinal) ordinal_ = *column;
    }
    for (const PartColumn& column : *attributes) {
      if (!Bind(AttributeField(column.scope, column.key, column.type, column.name, /*id=*/0))) {
        throw duckdb::InvalidInputException("it has no column %s", column.name);
      }
    }
  }
  std::optional<idx_t> Bind(const PartField& field) {
    const auto found = std::ranges::find(reader_->columns, field.name,
                                         [](const auto& column) { return column.name; });
    if (found == reader_->columns.end()) return std::nullopt;
    if (found->type != field.type) {
      throw duckdb::InvalidInputException("column %s has type %s", field.name,
                                          found->type.ToString());
    }
    const auto column = static_cast<idx_t>(found - reader_->columns.begin());
    rows_.Bind(field, column);
    return column;
  }
  void ReadChunks(duckdb::ClientContext& context) {
    duckdb::vector<duckdb::LogicalType> types;
    for (const auto& column : reader_->columns) types.push_back(column.type);
    duckdb::vector<idx_t> groups;
    for (idx_t i = 0; i < reader_->NumRowGroups(); ++i) groups.push_back(i);
    duckdb::ParquetReaderScanState state;
    reader_->InitializeScan(context, state, groups);
    duckdb::DataChunk read;
    read.Initialize(context, types);
    for (;;) {
      read.Reset();
      reader_->Scan(context, state, read);
      if (read.size() == 0) return;
      // What was read is valid until the next Scan only.
      chunks_.push_back(std::make_unique<duckdb::DataChunk>());
      chunks_.back()->Initialize(context, types);
      read.Copy(*chunks_.back());
      AddRefs(*chunks_.back());
    }
  }
  void AddRefs(duckdb::DataChunk& chunk) {
    const auto* positions = FlatVector::GetData<std::uint64_t>(chunk.data[position_]);
    const auto* ordinals = FlatVector::GetData<std::uint32_t>(chunk.data[ordinal_]);
    for (std::uint32_t row = 0; row < chunk.size(); ++row) {
      refs_.push_back({.position = positions[row],
                       .ordinal = ordinals[row],
                       .chunk = static_cast<std::uint32_t>(chunks_.size() - 1),
                       .row = row});
    }
  }

  LoadedRows rows_;
  duckdb::shared_ptr<duckdb::ParquetReader> reader_;
  idx_t position_ = 0;
  idx_t ordinal_ = 0;
  std::vector<std::unique_ptr<duckdb::DataChunk>> chunks_;
  std::vector<LoadRef> refs_;
};

}  // namespace

Result<std::uint64_t> LoadPart(model::Kind kind, const PartRef& part, os::FileSystem& files,
                               model::BlockSource& blocks, const PositionLoaded& loaded) {
  const std::unique_ptr<duckdb::Connection> connection = LibraryConnection();
  StatementState& state = StatementState::Of(*connection->context);
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->kinds[kind].push_back({.collection = {}, .hot = {}, .parts = {part}});
  state.snapshot = std::move(snapshot);
  state.files = &files;
  const std::string what = "load part " + part.path + ": ";
  try {
    // Reading parts needs a transaction's context.
    connection->BeginTransaction();
    return PartContent(*connection->context, kind, part).WriteRows(blocks, loaded);
  } catch (const duckdb::InvalidInputException& e) {
    return Error{Code::kCorrupt, what + duckdb::ErrorData(e).RawMessage()};
  } catch (const std::exception& e) {
    return Error{state.damaged_parts().empty() ? Code::kUnavailable : Code::kCorrupt,
                 what + duckdb::ErrorData(e).RawMessage()};
  }
}

}  // namespace strata::duck
