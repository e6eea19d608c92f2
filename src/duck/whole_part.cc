#include "duck/whole_part.h"

#include <utility>

#include "duck/library.h"
#include "duck/part_file_system.h"

namespace strata::duck {

using duckdb::idx_t;

PartsConnection::PartsConnection(model::Kind kind, std::vector<PartRef> parts,
                                 os::FileSystem& files)
    : connection_(LibraryConnection()) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->kinds[kind].push_back({.collection = {}, .hot = {}, .parts = std::move(parts)});
  StatementState& state = StatementState::Of(*connection_->context);
  state.snapshot = std::move(snapshot);
  state.files = &files;
  // Reading parts needs a transaction's context.
  connection_->BeginTransaction();
}

Result<std::unique_ptr<WholePart>> WholePart::Open(duckdb::ClientContext& context, model::Kind kind,
                                                   const std::string& path) {
  auto reader = duckdb::make_shared_ptr<duckdb::ParquetReader>(
      context, duckdb::OpenFileInfo(kPartScheme + path), duckdb::ParquetOptions(context));
  auto metadata = ReadPartMetadata(*reader->GetFileMetadata());
  if (!metadata) return Error{Code::kCorrupt, std::move(metadata).error().message};
  if (metadata->kind != model::KindName(kind)) {
    return Error{Code::kCorrupt, "it holds " + metadata->kind};
  }
  return std::unique_ptr<WholePart>(
      new WholePart(context, std::move(reader), *std::move(metadata)));
}

WholePart::WholePart(duckdb::ClientContext& context,
                     duckdb::shared_ptr<duckdb::ParquetReader> reader, PartMetadata metadata)
    : context_(context), reader_(std::move(reader)), metadata_(std::move(metadata)) {
  for (idx_t i = 0; i < reader_->columns.size(); ++i) {
    by_name_[reader_->columns[i].name] = i;
    types_.push_back(reader_->columns[i].type);
    reader_->column_ids.push_back(duckdb::MultiFileLocalColumnId(i));
    reader_->column_indexes.emplace_back(i);
  }
  duckdb::vector<idx_t> groups;
  for (idx_t i = 0; i < reader_->NumRowGroups(); ++i) groups.push_back(i);
  reader_->InitializeScan(context_, state_, groups);
}

std::optional<idx_t> WholePart::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return std::nullopt;
  return found->second;
}

bool WholePart::Next(duckdb::DataChunk& chunk) {
  chunk.Reset();
  reader_->Scan(context_, state_, chunk);
  return chunk.size() != 0;
}

}  // namespace strata::duck
