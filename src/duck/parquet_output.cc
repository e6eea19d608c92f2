#include "duck/parquet_output.h"

#include "duckdb/common/file_system.hpp"
#include "duckdb/common/types/column/column_data_collection.hpp"
#include "parquet_writer.hpp"

namespace strata::duck {
namespace {

// A file system with one file, which is written from front to end.
class SinkFileSystem final : public duckdb::FileSystem {
 public:
  explicit SinkFileSystem(ByteSink sink) : sink_(std::move(sink)) {}

  struct Handle final : duckdb::FileHandle {
    Handle(duckdb::FileSystem& owner, const duckdb::string& name, duckdb::FileOpenFlags how)
        : FileHandle(owner, name, how) {}
    void Close() override {}
  };

  duckdb::unique_ptr<duckdb::FileHandle> OpenFile(
      const duckdb::string& path, duckdb::FileOpenFlags flags,
      duckdb::optional_ptr<duckdb::FileOpener>) override {
    return duckdb::make_uniq<Handle>(*this, path, flags);
  }
  std::int64_t Write(duckdb::FileHandle&, void* buffer, std::int64_t bytes) override {
    sink_(buffer, static_cast<std::size_t>(bytes));
    return bytes;
  }
  std::string GetName() const override { return "sink"; }

 private:
  ByteSink sink_;
};

duckdb::ChildFieldIDs FieldIds(const ParquetSchema& schema) {
  duckdb::ChildFieldIDs ids;
  for (std::size_t i = 0; i < schema.field_ids.size(); ++i) {
    ids.ids->emplace(schema.names[i], duckdb::FieldID(schema.field_ids[i]));
  }
  return ids;
}

duckdb::vector<duckdb::string> NamesOf(const ParquetSchema& schema) {
  return {schema.names.begin(), schema.names.end()};
}

duckdb::vector<duckdb::pair<duckdb::string, duckdb::string>> MetadataOf(
    const ParquetSchema& schema) {
  return {schema.metadata.begin(), schema.metadata.end()};
}

}  // namespace

struct ParquetOutput::Impl {
  Impl(duckdb::ClientContext& client, ParquetSchema schema_, ByteSink sink)
      : context(client),
        schema(std::move(schema_)),
        files(std::move(sink)),
        writer(client, files, "part", schema.types, NamesOf(schema),
               duckdb_parquet::CompressionCodec::ZSTD, FieldIds(schema), MetadataOf(schema),
               nullptr, duckdb::optional_idx(), /*string_dictionary_page_size_limit=*/1U << 20,
               /*enable_bloom_filters=*/true, /*bloom_filter_false_positive_ratio=*/0.01,
               schema.zstd_level, /*debug_use_openssl=*/false, duckdb::ParquetVersion::V2,
               duckdb::GeoParquetVersion::NONE) {
    NewBuffer();
  }
  void NewBuffer() {
    rows = duckdb::make_uniq<duckdb::ColumnDataCollection>(duckdb::Allocator::DefaultAllocator(),
                                                           schema.types);
    rows->InitializeAppend(append);
  }

  duckdb::ClientContext& context;
  ParquetSchema schema;
  SinkFileSystem files;
  duckdb::ParquetWriter writer;
  duckdb::unique_ptr<duckdb::ColumnDataCollection> rows;
  duckdb::ColumnDataAppendState append;
};

ParquetOutput::ParquetOutput(duckdb::ClientContext& context, ParquetSchema schema, ByteSink sink)
    : impl_(std::make_unique<Impl>(context, std::move(schema), std::move(sink))) {}
ParquetOutput::~ParquetOutput() = default;

void ParquetOutput::Append(duckdb::DataChunk& chunk) {
  impl_->rows->Append(impl_->append, chunk);
  if (impl_->rows->Count() >= impl_->schema.row_group_rows) EndRowGroup();
}

void ParquetOutput::EndRowGroup() {
  if (impl_->rows->Count() == 0) return;
  impl_->writer.Flush(*impl_->rows);
  impl_->NewBuffer();
}

void ParquetOutput::Finish() {
  EndRowGroup();
  impl_->writer.Finalize();
}

}  // namespace strata::duck
