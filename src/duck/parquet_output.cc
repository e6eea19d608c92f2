#include "duck/parquet_output.h"

#include "duckdb/common/file_system.hpp"
#include "duckdb/common/type_visitor.hpp"
#include "parquet_writer.hpp"
// clang-format off: the last one needs what the others declare
#include "parquet_rle_bp_decoder.hpp"
#include "parquet_bss_encoder.hpp"
#include "writer/templated_column_writer.hpp"
// clang-format on

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
    // The writer's own column writers are private; these are the same, over the same schema.
    elements.resize(1);
    const auto ids = FieldIds(schema);
    columns.reserve(schema.types.size());
    for (std::size_t i = 0; i < schema.types.size(); ++i) {
      columns.push_back(duckdb::ColumnWriter::FillParquetSchema(elements, schema.types[i],
                                                                schema.names[i], true, &ids));
    }
    for (const auto& column : columns) {
      writers.push_back(
          duckdb::ColumnWriter::CreateWriterRecursive(client, writer, elements, column, {}));
    }
  }

  duckdb::ClientContext& context;
  ParquetSchema schema;
  SinkFileSystem files;
  duckdb::ParquetWriter writer;
  duckdb::vector<duckdb_parquet::SchemaElement> elements;
  duckdb::vector<duckdb::ParquetColumnSchema> columns;
  std::vector<duckdb::unique_ptr<duckdb::ColumnWriter>> writers;
  duckdb::unique_ptr<duckdb::PreparedRowGroup> group;
};

ParquetOutput::ParquetOutput(duckdb::ClientContext& context, ParquetSchema schema, ByteSink sink)
    : impl_(std::make_unique<Impl>(context, std::move(schema), std::move(sink))) {}
ParquetOutput::~ParquetOutput() = default;

void ParquetOutput::BeginRowGroup(duckdb::idx_t rows) {
  impl_->group = duckdb::make_uniq<duckdb::PreparedRowGroup>();
  impl_->group->row_group.num_rows = static_cast<std::int64_t>(rows);
  impl_->group->row_group.__isset.file_offset = true;
}

namespace {

bool HoldsFloats(const duckdb::LogicalType& type) {
  return duckdb::TypeVisitor::Contains(type, duckdb::LogicalTypeId::DOUBLE) ||
         duckdb::TypeVisitor::Contains(type, duckdb::LogicalTypeId::FLOAT);
}

// What a string column's analysis would have found, but for the dictionary.
template <class Operator>
void SetStringTotals(duckdb::ColumnWriterState& state, std::span<ColumnBatch> batches) {
  auto& strings =
      state.Cast<duckdb::StandardColumnWriterState<duckdb::string_t, duckdb::string_t, Operator>>();
  for (const ColumnBatch& batch : batches) {
    const auto* values = duckdb::FlatVector::GetData<duckdb::string_t>(*batch.vector);
    const auto& validity = duckdb::FlatVector::Validity(*batch.vector);
    for (duckdb::idx_t i = 0; i < batch.rows; ++i) {
      if (!validity.RowIsValid(i)) continue;
      ++strings.total_value_count;
      strings.total_string_size += values[i].GetSize();
    }
  }
}

}  // namespace

void ParquetOutput::WriteColumn(std::span<ColumnBatch> batches, bool may_repeat) {
  duckdb::PreparedRowGroup& group = *impl_->group;
  const std::size_t index = group.states.size();
  duckdb::ColumnWriter& writer = *impl_->writers[index];
  // A dictionary of floats takes -0.0 for 0.0 and does not find a NaN again. Its room is a share
  // of the row group's rows: of none, it has none and is not used.
  const std::int64_t rows = group.row_group.num_rows;
  if (HoldsFloats(impl_->schema.types[index])) group.row_group.num_rows = 0;
  auto state = writer.InitializeWriteState(group.row_group);
  group.row_group.num_rows = rows;
  if (writer.HasAnalyze()) {
    if (may_repeat) {
      for (const ColumnBatch& batch : batches) {
        writer.Analyze(*state, nullptr, *batch.vector, batch.rows);
      }
    } else if (impl_->schema.types[index].id() == duckdb::LogicalTypeId::VARCHAR) {
      SetStringTotals<duckdb::ParquetStringOperator>(*state, batches);
    } else if (impl_->schema.types[index].id() == duckdb::LogicalTypeId::BLOB) {
      SetStringTotals<duckdb::ParquetBlobOperator>(*state, batches);
    }
    writer.FinalizeAnalyze(*state);
  }
  state->definition_levels.reserve(static_cast<std::size_t>(group.row_group.num_rows));
  for (const ColumnBatch& batch : batches) {
    writer.Prepare(*state, nullptr, *batch.vector, batch.rows, true);
  }
  writer.BeginWrite(*state);
  for (const ColumnBatch& batch : batches) writer.Write(*state, *batch.vector, batch.rows);
  group.states.push_back(std::move(state));
}

void ParquetOutput::EndRowGroup() {
  impl_->writer.FlushRowGroup(*impl_->group);
  impl_->group.reset();
}

void ParquetOutput::Finish() {
  impl_->writer.Finalize();
}

}  // namespace strata::duck
