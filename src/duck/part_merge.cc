// MergeParts: a merge of sorted parts, a chunk of each input in memory at a time.
#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "base/check.h"
#include "duck/part_encoding.h"
#include "duck/part_sink.h"
#include "duck/part_writer.h"
#include "duck/whole_part.h"
#include "duckdb/common/vector_operations/vector_operations.hpp"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::Vector;
using FieldKey = std::tuple<AttributeScope, std::string, model::AnyType>;

// What the rows of a part are sorted by.
struct SortKey {
  std::string name;
  std::string service;
  std::int64_t time = 0;
  auto operator<=>(const SortKey&) const = default;
};

// One part that is read from front to end.
class Input {
 public:
  Input(duckdb::ClientContext& context, model::Kind kind, const PartRef& part) : kind_(kind) {
    auto opened = WholePart::Open(context, kind, part.path);
    if (!opened) throw duckdb::IOException("part " + part.path + ": " + opened.error().message);
    part_ = *std::move(opened);
    chunk_.Initialize(context, part_->types());
  }

  bool Has(const std::string& name) const { return part_->Find(name).has_value(); }
  const PartMetadata& metadata() const { return part_->metadata(); }

  // Says where the output's columns come from and reads the first rows.
  void Start(const std::vector<PartField>& fields) {
    for (const PartField& field : fields) sources_.push_back(SourceOf(field));
    NextChunk();
  }
  bool done() const { return chunk_.size() == 0; }
  const SortKey& key() const { return key_; }
  // Rows from the current one on, at most `count_max`, whose key is at most `limit` (nullptr: all).
  idx_t RunLength(const SortKey* limit, idx_t count_max) {
    const idx_t available = std::min<idx_t>(chunk_.size() - row_, count_max);
    if (limit == nullptr) return available;
    idx_t low = 1;  // the current row is the least
    idx_t high = available;
    while (low < high) {
      const idx_t middle = low + (high - low + 1) / 2;
      if (KeyAt(row_ + middle - 1) <= *limit) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }
  void CopyTo(std::size_t field, Vector& out, idx_t at, idx_t count) {
    const auto& source = sources_[field];
    if (source) {
      duckdb::VectorOperations::Copy(chunk_.data[*source], out, row_ + count, row_, at);
    }
  }
  bool IsDefault(std::size_t field) const { return !sources_[field].has_value(); }
  void Skip(idx_t count) {
    row_ += count;
    if (row_ == chunk_.size()) {
      NextChunk();
    } else {
      key_ = KeyAt(row_);
    }
  }

 private:
  std::optional<idx_t> SourceOf(const PartField& field) const {
    if (field.source != PartSource::kAttribute) return part_->Find(field.name);
    const auto& columns = metadata().columns;
    const auto found = std::ranges::find_if(columns, [&](const PartColumn& column) {
      return column.scope == field.scope && column.key == field.key && column.type == field.any;
    });
    return found == columns.end() ? std::nullopt : part_->Find(found->name);
  }
  void NextChunk() {
    row_ = 0;
    if (!part_->Next(chunk_)) return;
    chunk_.Flatten();
    key_ = KeyAt(0);
  }
  SortKey KeyAt(idx_t row) const {
    const auto text = [&](const char* name) -> std::string {
      const auto column = part_->Find(name);
      if (!column) return {};
      const Vector& vector = chunk_.data[*column];
      if (FlatVector::IsNull(vector, row)) return {};
      return FlatVector::GetData<duckdb::string_t>(vector)[row].GetString();
    };
    SortKey key;
    if (kind_ == model::Kind::kMetrics) key.name = text("name");
    key.service = text("service_name");
    const std::string_view time(model::FixedColumns(kind_)[model::TimeColumn(kind_)].name);
    const Vector& times = chunk_.data[part_->Find(time).value()];
    if (!FlatVector::IsNull(times, row)) key.time = FlatVector::GetData<std::int64_t>(times)[row];
    return key;
  }

  const model::Kind kind_;
  std::unique_ptr<WholePart> part_;
  duckdb::DataChunk chunk_;
  idx_t row_ = 0;
  SortKey key_;
  std::vector<std::optional<idx_t>> sources_;  // of the output's fields
};

// The columns of the output.
struct Union {
  std::vector<PartField> fields;
  std::vector<PartColumn> attributes;
  std::vector<RestKey> rest_keys;
  bool rest_keys_known = true;
};

Union UnionOf(model::Kind kind, const std::vector<std::unique_ptr<Input>>& inputs) {
  Union all;
  for (const PartField& field : PartFields(kind)) {
    const bool present =
        std::ranges::any_of(inputs, [&](const auto& input) { return input->Has(field.name); });
    if (present) all.fields.push_back(field);
  }
  std::set<FieldKey> keys;
  std::set<RestKey> rest;
  for (const auto& input : inputs) {
    for (const PartColumn& column : input->metadata().columns) {
      keys.emplace(column.scope, column.key, column.type);
    }
    const auto& rest_keys = input->metadata().rest_keys;
    if (!rest_keys) {
      all.rest_keys_known = false;
    } else {
      rest.insert(rest_keys->begin(), rest_keys->end());
    }
  }
  PartColumnNames names;
  std::int32_t id = kFirstAttributeFieldId;
  for (const auto& [scope, key, type] : keys) {
    all.fields.push_back(AttributeField(scope, key, type, names.Add(scope, key, type), id++));
    all.attributes.push_back(
        {.name = all.fields.back().name, .scope = scope, .key = key, .type = type});
  }
  all.rest_keys.assign(rest.begin(), rest.end());
  return all;
}

// Sets rows of a column that the input does not have (docs/formats/parquet.md, "Missing columns").
void FillDefault(const PartField& field, model::Kind kind, Vector& out, idx_t at, idx_t count) {
  bool null = field.source == PartSource::kAttribute || field.source == PartSource::kRest ||
              field.source == PartSource::kRestTypes || field.source == PartSource::kCellTypes;
  if (field.source == PartSource::kFixed || field.source == PartSource::kCell) {
    const auto& spec = model::FixedColumns(kind)[field.fixed];
    null = spec.nullable || spec.type == model::ColumnType::kTime ||
           spec.type == model::ColumnType::kId8 || spec.type == model::ColumnType::kId16;
  }
  duckdb::Value value(field.type);
  if (!null) {
    if (field.type.id() == duckdb::LogicalTypeId::VARCHAR) {
      value = duckdb::Value("");
    } else if (field.type.id() == duckdb::LogicalTypeId::MAP) {
      value =
          duckdb::Value::MAP(duckdb::LogicalType::VARCHAR, duckdb::LogicalType::VARCHAR, {}, {});
    } else if (field.type.id() == duckdb::LogicalTypeId::LIST) {
      value = duckdb::Value::LIST(duckdb::ListType::GetChildType(field.type), {});
    } else if (field.type.id() == duckdb::LogicalTypeId::BOOLEAN) {
      value = duckdb::Value::BOOLEAN(field.source == PartSource::kResourcePresent ||
                                     field.source == PartSource::kScopePresent);
    } else {
      value = duckdb::Value::INTEGER(0).DefaultCastAs(field.type);
    }
  }
  for (idx_t i = 0; i < count; ++i) out.SetValue(at + i, value);
}

// Collects the rows of one row group, then writes it.
class GroupWriter {
 public:
  GroupWriter(duckdb::ClientContext& context, model::Kind kind, const Union& columns,
              const PartOptions& options, PartSink& sink)
      : context_(context),
        kind_(kind),
        columns_(columns),
        options_(options),
        sink_(sink),
        output_(context, MakeSchema(kind, columns, options), sink.bytes_sink()) {
    for (const PartField& field : columns.fields) types_.push_back(field.type);
  }

  // Room in the chunk at hand.
  idx_t Room() {
    if (chunks_.empty() || chunks_.back()->size() == STANDARD_VECTOR_SIZE) {
      chunks_.push_back(std::make_unique<duckdb::DataChunk>());
      chunks_.back()->Initialize(context_, types_);
    }
    return std::min<idx_t>(STANDARD_VECTOR_SIZE - chunks_.back()->size(),
                           options_.row_group_rows - rows_);
  }
  // Requires: count is at most Room().
  void Take(Input& input, idx_t count) {
    duckdb::DataChunk& chunk = *chunks_.back();
    for (std::size_t f = 0; f < types_.size(); ++f) {
      if (input.IsDefault(f)) {
        FillDefault(columns_.fields[f], kind_, chunk.data[f], chunk.size(), count);
      } else {
        input.CopyTo(f, chunk.data[f], chunk.size(), count);
      }
    }
    chunk.SetCardinality(chunk.size() + count);
    input.Skip(count);
    rows_ += count;
    if (rows_ == options_.row_group_rows) WriteGroup();
  }
  void Finish() {
    if (rows_ > 0) WriteGroup();
    output_.Finish();
  }

 private:
  static ParquetSchema MakeSchema(model::Kind kind, const Union& columns,
                                  const PartOptions& options) {
    ParquetSchema schema =
        SchemaOf(kind, columns.fields, columns.attributes, columns.rest_keys, options);
    if (!columns.rest_keys_known) {
      std::erase_if(schema.metadata, [](const auto& pair) { return pair.first == kRestKeysKey; });
    }
    return schema;
  }
  void WriteGroup() {
    output_.BeginRowGroup(rows_);
    for (std::size_t f = 0; f < types_.size(); ++f) {
      std::vector<ColumnBatch> batches;
      for (const auto& chunk : chunks_) {
        if (chunk->size() > 0)
          batches.push_back({.vector = &chunk->data[f], .rows = chunk->size()});
      }
      output_.WriteColumn(batches, MayRepeat(columns_.fields[f], kind_));
      NoteColumn(columns_.fields[f], kind_, batches, sink_);
    }
    output_.EndRowGroup();
    sink_.EndRowGroup(rows_);
    chunks_.clear();
    rows_ = 0;
  }

  duckdb::ClientContext& context_;
  const model::Kind kind_;
  const Union& columns_;
  const PartOptions& options_;
  PartSink& sink_;
  ParquetOutput output_;
  duckdb::vector<duckdb::LogicalType> types_;
  std::vector<std::unique_ptr<duckdb::DataChunk>> chunks_;
  std::uint64_t rows_ = 0;
};

void MergeRows(const std::vector<std::unique_ptr<Input>>& inputs, GroupWriter& writer) {
  for (;;) {
    Input* least = nullptr;
    Input* second = nullptr;  // of the others
    for (const auto& input : inputs) {
      if (input->done()) continue;
      if (least == nullptr || input->key() < least->key()) {
        second = least;
        least = input.get();
      } else if (second == nullptr || input->key() < second->key()) {
        second = input.get();
      }
    }
    if (least == nullptr) return;
    writer.Take(*least,
                least->RunLength(second == nullptr ? nullptr : &second->key(), writer.Room()));
  }
}

}  // namespace

Result<PartInfo> MergeParts(model::Kind kind, std::span<const PartRef> parts,
                            const PartOptions& options, os::FileSystem& files,
                            const std::string& path) {
  CHECK(!parts.empty());
  ASSIGN_OR_RETURN(auto sink, PartSink::Create(files, path));
  std::optional<PartsConnection> connection;
  auto merged = sink->Guard([&]() -> Result<PartInfo> {
    auto& context =
        connection.emplace(kind, std::vector(parts.begin(), parts.end()), files).context();
    std::vector<std::unique_ptr<Input>> inputs;
    for (const PartRef& part : parts) {
      inputs.push_back(std::make_unique<Input>(context, kind, part));
    }
    const Union columns = UnionOf(kind, inputs);
    if (columns.attributes.size() > 4ULL * options.attribute_columns_max) {
      return Error{Code::kTooLarge, "the parts have " + std::to_string(columns.attributes.size()) +
                                        " attribute columns together"};
    }
    for (const auto& input : inputs) input->Start(columns.fields);
    GroupWriter writer(context, kind, columns, options, *sink);
    MergeRows(inputs, writer);
    writer.Finish();
    return sink->Finish(columns.attributes);
  });
  if (!merged && connection && !connection->state().damaged_parts().empty()) {
    return Error{Code::kCorrupt, merged.error().message};
  }
  return merged;
}

}  // namespace strata::duck
