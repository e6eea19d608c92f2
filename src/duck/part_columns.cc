#include "duck/part_columns.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <set>
#include <tuple>

#include "base/check.h"
#include "duck/block_columns.h"
#include "duck/nested.h"
#include "model/cell.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::string_t;
using duckdb::Vector;
using model::AnyType;
using model::Chunk;
using model::Column;
using model::ColumnType;
using model::kChunkRows;

using FieldKey = std::tuple<AttributeScope, std::string, AnyType>;

// Rest keys that the metadata lists; beyond them it lists none, and readers look into every rest.
constexpr std::size_t kRestKeysMax = 4096;

bool IsScalar(AnyType type) {
  return type == AnyType::kString || type == AnyType::kInt || type == AnyType::kDouble ||
         type == AnyType::kBool;
}

string_t ToString(std::string_view text) {
  return {text.data(), static_cast<std::uint32_t>(text.size())};
}

template <class F>
void ForEachEntry(std::string_view cell, F f) {
  if (cell.empty()) return;
  model::CellReader reader(cell);
  for (std::uint64_t left = reader.Varint(); left > 0; --left) {
    TypedEntry entry;
    entry.type = static_cast<AnyType>(reader.Byte());
    entry.key = reader.String();
    entry.text = reader.String();
    f(entry);
  }
}

std::uint32_t ChunkEnd(const model::BlockSlice& slice) {
  return (slice.end_row() + kChunkRows - 1) / kChunkRows;
}

std::uint32_t CodeAt(const Column& column, std::uint32_t row) {
  const Chunk* chunk = column.chunk(row / kChunkRows);
  return chunk == nullptr ? 0 : chunk->values<std::uint32_t>()[row % kChunkRows];
}

template <class Item>
std::span<const model::Attribute> AttributesOf(const Item& item) {
  return {item.attributes, item.attribute_count};
}

}  // namespace

// One value of an attribute of a resource or scope.
struct OriginValue {
  bool set = false;
  string_t text;
  std::int64_t integer = 0;
  double number = 0;
};

struct PartColumns::SliceData {
  // Record attributes by their place in attributes_, nullptr: the block has none.
  std::vector<const Column*> columns;
  // Resource and scope attributes by place in attributes_, then by index in the block.
  std::vector<std::vector<OriginValue>> values;
  // Columns of record attributes that were not chosen: they go to the rest. By key.
  std::vector<const model::AttributeColumn*> demoted;
  // Rest of each resource and scope.
  std::vector<std::vector<TypedEntry>> resource_rest;
  std::vector<std::vector<TypedEntry>> scope_rest;
  std::size_t resources = 0;
  std::size_t scopes = 0;
};

struct PartColumns::Vectors {
  std::vector<ColumnBatch> batches;
  std::vector<std::unique_ptr<Vector>> owned;
  // Letters of the MAP that was gathered last.
  std::vector<ColumnBatch> letter_batches;
  std::vector<std::unique_ptr<Vector>> owned_letters;

  Vector& Add(const duckdb::LogicalType& type, idx_t rows) {
    owned.push_back(std::make_unique<Vector>(type, rows));
    batches.push_back({.vector = owned.back().get(), .rows = rows});
    return *owned.back();
  }
  // A flat vector for primitive values whose mask has room for all rows.
  template <class T>
  T* AddFlat(const duckdb::LogicalType& type, idx_t rows) {
    Vector& vector = Add(type, rows);
    FlatVector::Validity(vector).Initialize(std::max<idx_t>(rows, STANDARD_VECTOR_SIZE));
    return FlatVector::GetData<T>(vector);
  }
  void SetNull(idx_t row) { FlatVector::Validity(*owned.back()).SetInvalid(row); }
  Vector& AddLetters(idx_t rows) {
    owned_letters.push_back(std::make_unique<Vector>(duckdb::LogicalType::VARCHAR, rows));
    letter_batches.push_back({.vector = owned_letters.back().get(), .rows = rows});
    return *owned_letters.back();
  }
};

PartColumns::PartColumns(model::Kind kind, std::span<const model::BlockSlice> slices,
                         const PartOptions& options)
    : kind_(kind), slices_(slices), vectors_(std::make_unique<Vectors>()) {
  ChooseAttributes(options);
  BindSlices();
  ChooseFields();
}

PartColumns::~PartColumns() = default;

// Keys of resources and scopes first: they are few. Of the record's, those in most chunks.
void PartColumns::ChooseAttributes(const PartOptions& options) {
  std::set<FieldKey> origin;
  std::map<FieldKey, std::uint64_t> record;
  const auto take = [&](AttributeScope scope, const auto& items) {
    const std::size_t count = items.size();
    for (std::size_t i = 0; i < count; ++i) {
      for (const model::Attribute& attribute : AttributesOf(items[i])) {
        if (!IsScalar(attribute.type)) continue;
        origin.emplace(scope, std::string(attribute.key.view()), attribute.type);
      }
    }
  };
  for (const model::BlockSlice& slice : slices_) {
    take(AttributeScope::kResource, slice.block->resources());
    take(AttributeScope::kScope, slice.block->scopes());
    const std::size_t count = slice.block->attributes().size();
    for (std::size_t i = 0; i < count; ++i) {
      const model::AttributeColumn& attribute = slice.block->attributes()[i];
      std::uint64_t chunks = 0;
      for (std::uint32_t c = slice.begin_row() / kChunkRows; c < ChunkEnd(slice); ++c) {
        chunks += attribute.column->chunk(c) != nullptr ? 1 : 0;
      }
      if (chunks == 0) continue;
      record[{AttributeScope::kRecord, std::string(attribute.key.view()), attribute.type}] +=
          chunks;
    }
  }
  std::vector<FieldKey> chosen(origin.begin(), origin.end());
  chosen.resize(std::min<std::size_t>(chosen.size(), options.attribute_columns_max / 2));
  std::vector<std::pair<std::uint64_t, FieldKey>> ranked;
  for (const auto& [key, chunks] : record) ranked.emplace_back(chunks, key);
  std::ranges::stable_sort(ranked, std::greater<>(), [](const auto& pair) { return pair.first; });
  for (const auto& [chunks, key] : ranked) {
    if (chosen.size() >= options.attribute_columns_max) break;
    chosen.push_back(key);
  }
  std::ranges::sort(chosen);
  PartColumnNames names;
  std::int32_t id = kFirstAttributeFieldId;
  for (const auto& [scope, key, type] : chosen) {
    attributes_.push_back(AttributeField(scope, key, type, names.Add(scope, key, type), id++));
  }
}

void PartColumns::BindSlices() {
  std::map<FieldKey, std::size_t> chosen;
  for (std::size_t i = 0; i < attributes_.size(); ++i) {
    chosen[{attributes_[i].scope, attributes_[i].key, attributes_[i].any}] = i;
  }
  std::set<RestKey> rest_keys;
  const auto bind_origin = [&](AttributeScope scope, const auto& items, std::size_t count,
                               SliceData& data, std::vector<std::vector<TypedEntry>>& rests) {
    rests.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      for (const model::Attribute& attribute : AttributesOf(items[i])) {
        const std::string_view text = attribute.text.view();
        const auto found = chosen.find({scope, std::string(attribute.key.view()), attribute.type});
        if (found == chosen.end()) {
          rests[i].push_back({.key = attribute.key.view(), .type = attribute.type, .text = text});
          rest_keys.insert({.scope = scope, .key = std::string(attribute.key.view())});
          continue;
        }
        auto& values = data.values[found->second];
        values.resize(count);
        OriginValue& value = values[i];
        value.set = true;
        value.text = ToString(text);
        value.integer = text == "true" ? 1 : 0;
        if (attribute.type == AnyType::kInt) {
          std::from_chars(text.data(), text.data() + text.size(), value.integer);
        } else if (attribute.type == AnyType::kDouble) {
          // Also reads NaN and Infinity, as they are kept.
          value.number = std::strtod(std::string(text).c_str(), nullptr);
        }
      }
    }
  };
  for (const model::BlockSlice& slice : slices_) {
    const model::Block& block = *slice.block;
    auto data = std::make_unique<SliceData>();
    data->columns.resize(attributes_.size());
    data->values.resize(attributes_.size());
    data->resources = block.resources().size();
    data->scopes = block.scopes().size();
    bind_origin(AttributeScope::kResource, block.resources(), data->resources, *data,
                data->resource_rest);
    bind_origin(AttributeScope::kScope, block.scopes(), data->scopes, *data, data->scope_rest);
    const std::size_t count = block.attributes().size();
    for (std::size_t i = 0; i < count; ++i) {
      const model::AttributeColumn& attribute = block.attributes()[i];
      const auto found =
          chosen.find({AttributeScope::kRecord, std::string(attribute.key.view()), attribute.type});
      if (found != chosen.end()) {
        data->columns[found->second] = attribute.column;
      } else {
        data->demoted.push_back(&attribute);
        rest_keys.insert({.key = std::string(attribute.key.view())});
      }
    }
    std::ranges::stable_sort(data->demoted, {}, [](const auto* a) { return a->key.view(); });
    const Column& rest = block.fixed(model::kRest);
    for (std::uint32_t c = slice.begin_row() / kChunkRows; c < ChunkEnd(slice); ++c) {
      const Chunk* chunk = rest.chunk(c);
      if (chunk == nullptr) continue;
      const std::uint32_t from = std::max(slice.begin_row(), c * kChunkRows) - c * kChunkRows;
      const std::uint32_t to = std::min(slice.end_row() - c * kChunkRows, kChunkRows);
      for (std::uint32_t row = from; row < to; ++row) {
        ForEachEntry(chunk->values<model::Text>()[row].view(), [&](const TypedEntry& entry) {
          if (rest_keys.size() <= kRestKeysMax) rest_keys.insert({.key = std::string(entry.key)});
        });
      }
    }
    data_.push_back(std::move(data));
  }
  rest_keys_.assign(rest_keys.begin(), rest_keys.end());
}

bool PartColumns::AnyChunk(std::uint16_t fixed) const {
  for (const model::BlockSlice& slice : slices_) {
    for (std::uint32_t c = slice.begin_row() / kChunkRows; c < ChunkEnd(slice); ++c) {
      if (slice.block->fixed(fixed).chunk(c) != nullptr) return true;
    }
  }
  return false;
}

bool PartColumns::HasRest(AttributeScope scope) const {
  return std::ranges::any_of(rest_keys_, [&](const RestKey& key) { return key.scope == scope; });
}

bool PartColumns::IsPresent(const PartField& field) const {
  const auto any_resource = [&](auto predicate) {
    for (std::size_t s = 0; s < slices_.size(); ++s) {
      if (data_[s]->resources == 0 && predicate(model::Resource())) return true;
      for (std::size_t i = 0; i < data_[s]->resources; ++i) {
        if (predicate(slices_[s].block->resources()[i])) return true;
      }
    }
    return false;
  };
  const auto any_scope = [&](auto predicate) {
    for (std::size_t s = 0; s < slices_.size(); ++s) {
      if (data_[s]->scopes == 0 && predicate(model::Scope())) return true;
      for (std::size_t i = 0; i < data_[s]->scopes; ++i) {
        if (predicate(slices_[s].block->scopes()[i])) return true;
      }
    }
    return false;
  };
  if (IsRequired(field, kind_)) return true;
  switch (field.source) {
    case PartSource::kFixed:
    case PartSource::kCell:
    case PartSource::kCellTypes:
      return AnyChunk(field.fixed);
    case PartSource::kResourcePresent:
      return any_resource([](const model::Resource& r) { return !r.present; });
    case PartSource::kResourceUrl:
      return any_resource([](const model::Resource& r) { return !r.schema_url.empty(); });
    case PartSource::kResourceDropped:
      return any_resource([](const model::Resource& r) { return r.dropped_attributes_count != 0; });
    case PartSource::kScopePresent:
      return any_scope([](const model::Scope& s) { return !s.present; });
    case PartSource::kScopeName:
      return any_scope([](const model::Scope& s) { return !s.name.empty(); });
    case PartSource::kScopeVersion:
      return any_scope([](const model::Scope& s) { return !s.version.empty(); });
    case PartSource::kScopeUrl:
      return any_scope([](const model::Scope& s) { return !s.schema_url.empty(); });
    case PartSource::kScopeDropped:
      return any_scope([](const model::Scope& s) { return s.dropped_attributes_count != 0; });
    case PartSource::kRest:
    case PartSource::kRestTypes:
      return HasRest(field.scope);
    default:
      return true;
  }
}

void PartColumns::ChooseFields() {
  for (const PartField& field : PartFields(kind_)) {
    if (IsPresent(field)) fields_.push_back(field);
  }
  fields_.insert(fields_.end(), attributes_.begin(), attributes_.end());
}

std::vector<PartColumn> PartColumns::attribute_columns() const {
  std::vector<PartColumn> columns;
  for (const PartField& field : attributes_) {
    columns.push_back(
        {.name = field.name, .scope = field.scope, .key = field.key, .type = field.any});
  }
  return columns;
}

std::vector<ColumnBatch> PartColumns::Gather(std::size_t index, std::span<const RowRef> rows) {
  const PartField& field = fields_[index];
  vectors_->batches.clear();
  vectors_->owned.clear();
  switch (field.source) {
    case PartSource::kFixed:
      GatherFixed(field, rows);
      break;
    case PartSource::kPosition:
      GatherPosition(rows);
      break;
    case PartSource::kAttribute:
      GatherAttribute(index - (fields_.size() - attributes_.size()), rows);
      break;
    case PartSource::kCell:
      GatherCell(field, rows);
      break;
    case PartSource::kRest:
      GatherRest(field, rows);
      break;
    case PartSource::kRestTypes:
    case PartSource::kCellTypes:
      return vectors_->letter_batches;
    default:
      GatherOrigin(field, rows);
  }
  return vectors_->batches;
}

void PartColumns::GatherFixed(const PartField& field, std::span<const RowRef> rows) {
  const auto type = model::FixedColumns(kind_)[field.fixed].type;
  if (type == ColumnType::kText || type == ColumnType::kLabel) {
    return GatherText(field.fixed, rows);
  }
  const auto copy = [&]<class T>(T) {
    T* to = vectors_->AddFlat<T>(field.type, rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Column& column = slices_[rows[i].slice].block->fixed(field.fixed);
      const Chunk* chunk = column.chunk(rows[i].row / kChunkRows);
      const std::uint32_t at = rows[i].row % kChunkRows;
      to[i] = chunk == nullptr ? T{} : chunk->values<T>()[at];
      const bool null = type == ColumnType::kTime ? to[i] == T{}
                        : chunk == nullptr        ? column.nullable()
                                                  : !chunk->IsValid(at);
      if (null) vectors_->SetNull(i);
    }
  };
  const auto copy_ids = [&](std::size_t bytes) {
    auto* to = vectors_->AddFlat<string_t>(field.type, rows.size());
    static constexpr std::byte kUnset[16] = {};
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Chunk* chunk =
          slices_[rows[i].slice].block->fixed(field.fixed).chunk(rows[i].row / kChunkRows);
      const std::byte* id =
          chunk == nullptr ? kUnset : chunk->values<std::byte>() + rows[i].row % kChunkRows * bytes;
      to[i] = string_t(reinterpret_cast<const char*>(id), static_cast<std::uint32_t>(bytes));
      if (std::memcmp(id, kUnset, bytes) == 0) vectors_->SetNull(i);
    }
  };
  switch (type) {
    case ColumnType::kTime:
    case ColumnType::kInt64:
      return copy(std::int64_t{});
    case ColumnType::kUint64:
      return copy(std::uint64_t{});
    case ColumnType::kInt32:
      return copy(std::int32_t{});
    case ColumnType::kUint32:
      return copy(std::uint32_t{});
    case ColumnType::kUint8:
    case ColumnType::kBool:
      return copy(std::uint8_t{});
    case ColumnType::kDouble:
      return copy(double{});
    case ColumnType::kId16:
      return copy_ids(16);
    case ColumnType::kId8:
      return copy_ids(8);
    default:
      CHECK(false);
  }
}

void PartColumns::GatherText(std::uint16_t fixed, std::span<const RowRef> rows) {
  auto* to = vectors_->AddFlat<string_t>(duckdb::LogicalType::VARCHAR, rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Column& column = slices_[rows[i].slice].block->fixed(fixed);
    const Chunk* chunk = column.chunk(rows[i].row / kChunkRows);
    const std::uint32_t at = rows[i].row % kChunkRows;
    const bool set = chunk != nullptr && AttributeIsSet(*chunk, at);
    if (set) {
      std::memcpy(static_cast<void*>(to + i),
                  chunk->encoding == Chunk::Encoding::kFlat
                      ? chunk->values<model::Text>() + at
                      : column.dictionary()->entries() + chunk->values<std::uint16_t>()[at],
                  sizeof(string_t));
    } else {
      to[i] = string_t("", 0);
      if (column.nullable()) vectors_->SetNull(i);
    }
  }
}

void PartColumns::GatherPosition(std::span<const RowRef> rows) {
  auto* to = vectors_->AddFlat<std::uint64_t>(duckdb::LogicalType::UBIGINT, rows.size());
  std::vector<PositionCursor> cursors;
  for (const model::BlockSlice& slice : slices_) cursors.emplace_back(slice);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    to[i] = cursors[rows[i].slice].At(rows[i].row);
  }
}

void PartColumns::GatherOrigin(const PartField& field, std::span<const RowRef> rows) {
  const bool of_resource =
      field.source == PartSource::kServiceName || field.source == PartSource::kResourcePresent ||
      field.source == PartSource::kResourceUrl || field.source == PartSource::kResourceDropped;
  const std::uint16_t codes = of_resource ? model::kResource : model::kScope;
  static const model::Resource no_resource;
  static const model::Scope no_scope;
  const auto resource_of = [&](const RowRef& ref) -> const model::Resource& {
    const std::uint32_t code = CodeAt(slices_[ref.slice].block->fixed(codes), ref.row);
    return code < data_[ref.slice]->resources ? slices_[ref.slice].block->resources()[code]
                                              : no_resource;
  };
  const auto scope_of = [&](const RowRef& ref) -> const model::Scope& {
    const std::uint32_t code = CodeAt(slices_[ref.slice].block->fixed(codes), ref.row);
    return code < data_[ref.slice]->scopes ? slices_[ref.slice].block->scopes()[code] : no_scope;
  };
  const auto texts = [&](auto of) {
    auto* to = vectors_->AddFlat<string_t>(field.type, rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const model::Text& text = of(rows[i]);
      std::memcpy(static_cast<void*>(to + i), &text, sizeof text);
    }
  };
  const auto numbers = [&]<class T>(T, auto of) {
    T* to = vectors_->AddFlat<T>(field.type, rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) to[i] = of(rows[i]);
  };
  switch (field.source) {
    case PartSource::kServiceName:
      return texts(
          [&](const RowRef& r) -> const model::Text& { return resource_of(r).service_name; });
    case PartSource::kResourceUrl:
      return texts(
          [&](const RowRef& r) -> const model::Text& { return resource_of(r).schema_url; });
    case PartSource::kScopeName:
      return texts([&](const RowRef& r) -> const model::Text& { return scope_of(r).name; });
    case PartSource::kScopeVersion:
      return texts([&](const RowRef& r) -> const model::Text& { return scope_of(r).version; });
    case PartSource::kScopeUrl:
      return texts([&](const RowRef& r) -> const model::Text& { return scope_of(r).schema_url; });
    case PartSource::kResourcePresent:
      return numbers(bool{}, [&](const RowRef& r) { return resource_of(r).present; });
    case PartSource::kScopePresent:
      return numbers(bool{}, [&](const RowRef& r) { return scope_of(r).present; });
    case PartSource::kResourceDropped:
      return numbers(std::uint32_t{},
                     [&](const RowRef& r) { return resource_of(r).dropped_attributes_count; });
    case PartSource::kScopeDropped:
      return numbers(std::uint32_t{},
                     [&](const RowRef& r) { return scope_of(r).dropped_attributes_count; });
    default:
      CHECK(false);
  }
}

void PartColumns::GatherAttribute(std::size_t index, std::span<const RowRef> rows) {
  const PartField& field = attributes_[index];
  const auto gather = [&]<class T>(T, auto of_record, auto of_origin) {
    T* to = vectors_->AddFlat<T>(field.type, rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const SliceData& data = *data_[rows[i].slice];
      bool set = false;
      if (field.scope == AttributeScope::kRecord) {
        const Column* column = data.columns[index];
        const Chunk* chunk = column == nullptr ? nullptr : column->chunk(rows[i].row / kChunkRows);
        const std::uint32_t at = rows[i].row % kChunkRows;
        set = chunk != nullptr && AttributeIsSet(*chunk, at);
        if (set) to[i] = of_record(*column, *chunk, at);
      } else {
        const std::uint16_t codes =
            field.scope == AttributeScope::kResource ? model::kResource : model::kScope;
        const std::uint32_t code = CodeAt(slices_[rows[i].slice].block->fixed(codes), rows[i].row);
        const auto& values = data.values[index];
        set = code < values.size() && values[code].set;
        if (set) to[i] = of_origin(values[code]);
      }
      if (!set) {
        to[i] = T{};
        vectors_->SetNull(i);
      }
    }
  };
  switch (field.any) {
    case AnyType::kInt:
      return gather(
          std::int64_t{},
          [](const Column&, const Chunk& c, std::uint32_t at) {
            return c.values<std::int64_t>()[at];
          },
          [](const OriginValue& v) { return v.integer; });
    case AnyType::kDouble:
      return gather(
          double{},
          [](const Column&, const Chunk& c, std::uint32_t at) { return c.values<double>()[at]; },
          [](const OriginValue& v) { return v.number; });
    case AnyType::kBool:
      return gather(
          bool{},
          [](const Column&, const Chunk& c, std::uint32_t at) {
            return c.values<std::uint8_t>()[at] != 0;
          },
          [](const OriginValue& v) { return v.integer != 0; });
    default:
      return gather(
          string_t{},
          [](const Column& column, const Chunk& c, std::uint32_t at) {
            string_t text;
            std::memcpy(static_cast<void*>(&text),
                        c.encoding == Chunk::Encoding::kFlat
                            ? c.values<model::Text>() + at
                            : column.dictionary()->entries() + c.values<std::uint16_t>()[at],
                        sizeof text);
            return text;
          },
          [](const OriginValue& v) { return v.text; });
  }
}

void PartColumns::GatherCell(const PartField& field, std::span<const RowRef> rows) {
  vectors_->letter_batches.clear();
  vectors_->owned_letters.clear();
  for (std::size_t begin = 0; begin < rows.size(); begin += STANDARD_VECTOR_SIZE) {
    const std::size_t count = std::min<std::size_t>(rows.size() - begin, STANDARD_VECTOR_SIZE);
    CellList cells(count);
    for (std::size_t i = 0; i < count; ++i) {
      const RowRef& ref = rows[begin + i];
      const Column& column = slices_[ref.slice].block->fixed(field.fixed);
      const Chunk* chunk = column.chunk(ref.row / kChunkRows);
      const std::uint32_t at = ref.row % kChunkRows;
      if (chunk == nullptr ? !column.nullable() : chunk->IsValid(at)) {
        cells[i] = chunk == nullptr ? std::string_view() : chunk->values<model::Text>()[at].view();
      }
    }
    Vector& out = vectors_->Add(field.type, count);
    Vector* letters = field.cell == CellType::kAttributes ? &vectors_->AddLetters(count) : nullptr;
    CellsToVector(field.cell, cells, Shape::kPart, out, letters);
  }
}

void PartColumns::AppendRecordRest(const RowRef& ref, MapAppender& map) const {
  const model::Block& block = *slices_[ref.slice].block;
  const Chunk* rest = block.fixed(model::kRest).chunk(ref.row / kChunkRows);
  const std::uint32_t at = ref.row % kChunkRows;
  const auto& demoted = data_[ref.slice]->demoted;
  auto next = demoted.begin();
  char buffer[40];
  // Both ascend by key.
  const auto add_demoted_below = [&](const std::string_view* key) {
    for (; next != demoted.end() && (key == nullptr || (*next)->key.view() < *key); ++next) {
      const Chunk* chunk = (*next)->column->chunk(ref.row / kChunkRows);
      if (chunk == nullptr || !AttributeIsSet(*chunk, at)) continue;
      map.Add({.key = (*next)->key.view(),
               .type = (*next)->type,
               .text = AttributeText(**next, *chunk, at, buffer)});
    }
  };
  if (rest != nullptr) {
    ForEachEntry(rest->values<model::Text>()[at].view(), [&](const TypedEntry& entry) {
      add_demoted_below(&entry.key);
      map.Add(entry);
    });
  }
  add_demoted_below(nullptr);
}

void PartColumns::GatherRest(const PartField& field, std::span<const RowRef> rows) {
  vectors_->letter_batches.clear();
  vectors_->owned_letters.clear();
  for (std::size_t begin = 0; begin < rows.size(); begin += STANDARD_VECTOR_SIZE) {
    const std::size_t count = std::min<std::size_t>(rows.size() - begin, STANDARD_VECTOR_SIZE);
    Vector& out = vectors_->Add(field.type, count);
    MapAppender map(out, &vectors_->AddLetters(count), Shape::kPart);
    for (std::size_t i = 0; i < count; ++i) {
      const RowRef& ref = rows[begin + i];
      map.BeginRow(i);
      if (field.scope == AttributeScope::kRecord) {
        AppendRecordRest(ref, map);
      } else {
        const bool of_resource = field.scope == AttributeScope::kResource;
        const auto& rests =
            of_resource ? data_[ref.slice]->resource_rest : data_[ref.slice]->scope_rest;
        const std::uint32_t code =
            CodeAt(slices_[ref.slice].block->fixed(of_resource ? model::kResource : model::kScope),
                   ref.row);
        if (code < rests.size()) {
          for (const TypedEntry& entry : rests[code]) map.Add(entry);
        }
      }
      map.EndRow();
    }
  }
}

}  // namespace strata::duck
