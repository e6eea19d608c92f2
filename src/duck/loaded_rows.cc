#include "duck/loaded_rows.h"

#include <algorithm>
#include <charconv>
#include <new>

#include "duck/fixed_type.h"
#include "duck/nested.h"
#include "model/cell.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::DataChunk;
using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::Vector;
using model::AnyType;
using model::AnyValue;
using model::ColumnType;

template <class T>
T At(const Vector& vector, idx_t row) {
  return FlatVector::GetData<T>(vector)[row];
}

std::string_view TextAt(const Vector& vector, idx_t row) {
  if (FlatVector::IsNull(vector, row)) return {};
  const auto& text = FlatVector::GetData<duckdb::string_t>(vector)[row];
  return {text.GetData(), text.GetSize()};
}

template <class Number>
Number Parse(std::string_view text) {
  Number number{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || stop != text.data() + text.size()) {
    throw duckdb::InvalidInputException("a rest holds a number that is none");
  }
  return number;
}

// A value of a column of its own.
AnyValue ColumnValue(AnyType type, const Vector& vector, idx_t row) {
  AnyValue value{.type = type};
  if (type == AnyType::kInt) {
    value.integer = At<std::int64_t>(vector, row);
  } else if (type == AnyType::kDouble) {
    value.number = At<double>(vector, row);
  } else if (type == AnyType::kBool) {
    value.integer = At<bool>(vector, row) ? 1 : 0;
  } else {
    value.text = TextAt(vector, row);
  }
  return value;
}

// A value of a rest, from its text as kept.
AnyValue RestValue(AnyType type, std::string_view text) {
  AnyValue value{.type = type};
  if (type == AnyType::kInt) {
    value.integer = Parse<std::int64_t>(text);
  } else if (type == AnyType::kDouble) {
    value.number = Parse<double>(text);  // also reads NaN and Infinity
  } else if (type == AnyType::kBool) {
    value.integer = text == "true" ? 1 : 0;
  } else {
    value.text = text;
  }
  return value;
}

}  // namespace

void LoadedRows::Bind(const PartField& field, idx_t column) {
  switch (field.source) {
    case PartSource::kFixed:
      fixed_.push_back({field, column});
      return;
    case PartSource::kCell:
      cells_.push_back({field, column});
      return;
    case PartSource::kCellTypes:
      cell_types_[field.fixed] = column;
      return;
    case PartSource::kAttribute:
      ScopeOf(field.scope).columns.push_back({field, column});
      return;
    case PartSource::kRest:
      ScopeOf(field.scope).rest = column;
      return;
    case PartSource::kRestTypes:
      ScopeOf(field.scope).rest_types = column;
      return;
    default:
      origin_[field.source] = column;
  }
}

void LoadedRows::Append(DataChunk& chunk, idx_t row, model::RowWriter& writer) {
  chunk_ = &chunk;
  row_ = row;
  writer.BeginRow();
  if (const std::uint32_t index = Resource(writer.block()); index != 0) {
    writer.Set(model::kResource, index);
  }
  if (const std::uint32_t index = InstrumentationScope(writer.block()); index != 0) {
    writer.Set(model::kScope, index);
  }
  for (const Bound& bound : fixed_) SetFixed(bound, writer);
  for (const Bound& bound : cells_) SetCell(bound, writer);
  AddRecordAttributes(writer);
  writer.CommitRow();
}

std::string_view LoadedRows::Text(PartSource source) const {
  const auto found = origin_.find(source);
  return found == origin_.end() ? std::string_view() : TextAt(chunk_->data[found->second], row_);
}

std::uint32_t LoadedRows::Count(PartSource source) const {
  const auto found = origin_.find(source);
  return found == origin_.end() ? 0 : At<std::uint32_t>(chunk_->data[found->second], row_);
}

bool LoadedRows::Present(PartSource source) const {
  const auto found = origin_.find(source);
  return found == origin_.end() || At<bool>(chunk_->data[found->second], row_);
}

// Zeros and empty texts of columns that are not nullable are what rows hold that were never set.
void LoadedRows::SetFixed(const Bound& bound, model::RowWriter& writer) {
  const Vector& vector = chunk_->data[bound.column];
  const std::uint16_t fixed = bound.field.fixed;
  const auto& spec = model::FixedColumns(kind_)[fixed];
  const bool null = FlatVector::IsNull(vector, row_);
  const auto set = [&]<class T>(T) {
    const T value = At<T>(vector, row_);
    if (!null && (spec.nullable || value != T{})) writer.Set(fixed, value);
  };
  switch (spec.type) {
    case ColumnType::kTime:
      return writer.SetTime(fixed, null ? 0 : At<std::int64_t>(vector, row_));
    case ColumnType::kDouble:
      if (!null) writer.Set(fixed, At<double>(vector, row_));
      return;
    case ColumnType::kId16:
    case ColumnType::kId8: {
      const std::string_view id = TextAt(vector, row_);
      if (!id.empty() && id.size() != model::ValueBytes(spec.type)) {
        throw duckdb::InvalidInputException("an id has another length");
      }
      return writer.SetId(fixed, id);
    }
    case ColumnType::kText:
    case ColumnType::kLabel: {
      const std::string_view text = TextAt(vector, row_);
      if (!null && (spec.nullable || !text.empty())) writer.SetText(fixed, text);
      return;
    }
    default:
      return WithFixedType(spec.type, set);
  }
}

void LoadedRows::SetCell(const Bound& bound, model::RowWriter& writer) {
  Vector* types = nullptr;
  if (bound.field.cell == CellType::kAttributes) {
    const auto found = cell_types_.find(bound.field.fixed);
    if (found == cell_types_.end()) {
      throw duckdb::InvalidInputException("attributes without their types");
    }
    types = &chunk_->data[found->second];
  }
  const auto cell =
      CellFromVector(bound.field.cell, chunk_->data[bound.column], row_, chunk_->size(), types);
  if (!cell) return;
  // Where a list cannot be NULL, an empty one is what was never set.
  const bool empty = model::CellReader(*cell).Varint() == 0;
  if (empty && !model::FixedColumns(kind_)[bound.field.fixed].nullable) return;
  writer.SetText(bound.field.fixed, *cell);
}

template <class F>
void LoadedRows::ForEachRest(const Scope& scope, F f) {
  if (!scope.rest) return;
  Vector& maps = chunk_->data[*scope.rest];
  if (FlatVector::IsNull(maps, row_)) return;
  const auto range = At<duckdb::list_entry_t>(maps, row_);
  const Vector& keys = duckdb::MapVector::GetKeys(maps);
  const Vector& values = duckdb::MapVector::GetValues(maps);
  const std::string_view letters =
      scope.rest_types ? TextAt(chunk_->data[*scope.rest_types], row_) : std::string_view();
  if (letters.size() != range.length) {
    throw duckdb::InvalidInputException("a rest has not as many types as entries");
  }
  for (idx_t i = 0; i < range.length; ++i) {
    if (!model::IsKnownAnyType(letters[i])) {
      throw duckdb::InvalidInputException("a rest holds a value of unknown type");
    }
    f(TextAt(keys, range.offset + i), static_cast<AnyType>(letters[i]),
      TextAt(values, range.offset + i));
  }
}

void LoadedRows::AddRecordAttributes(model::RowWriter& writer) {
  for (const Bound& bound : record_.columns) {
    const Vector& vector = chunk_->data[bound.column];
    if (FlatVector::IsNull(vector, row_)) continue;
    writer.AddAttribute(bound.field.key, ColumnValue(bound.field.any, vector, row_));
  }
  ForEachRest(record_, [&](std::string_view key, AnyType type, std::string_view text) {
    writer.AddAttribute(key, RestValue(type, text));
  });
}

// Fills attributes_, by key ascending.
void LoadedRows::ReadAttributes(const Scope& scope) {
  attributes_.clear();
  for (const Bound& bound : scope.columns) {
    const Vector& vector = chunk_->data[bound.column];
    if (FlatVector::IsNull(vector, row_)) continue;
    attributes_.push_back({.key = bound.field.key, .type = bound.field.any, .text = {}});
    model::AppendText(attributes_.back().text, ColumnValue(bound.field.any, vector, row_));
  }
  ForEachRest(scope, [&](std::string_view key, AnyType type, std::string_view text) {
    attributes_.push_back({.key = key, .type = type, .text = std::string(text)});
  });
  std::ranges::sort(attributes_, {}, &LoadedAttribute::key);
}

const model::Attribute* LoadedRows::KeepAttributes(model::Arena& arena) const {
  if (attributes_.empty()) return nullptr;
  auto* kept = static_cast<model::Attribute*>(
      arena.Allocate(attributes_.size() * sizeof(model::Attribute), alignof(model::Attribute)));
  for (std::size_t i = 0; i < attributes_.size(); ++i) {
    new (&kept[i]) model::Attribute{.key = arena.Copy(attributes_[i].key),
                                    .type = attributes_[i].type,
                                    .text = arena.Copy(attributes_[i].text)};
  }
  return kept;
}

Hash128 LoadedRows::HashOfGroup(std::initializer_list<std::string_view> texts,
                                std::uint64_t dropped, bool present) {
  scratch_.clear();
  model::CellWriter writer(scratch_);
  writer.Byte(present ? 1 : 0);
  writer.Varint(dropped);
  for (const std::string_view text : texts) writer.String(text);
  for (const LoadedAttribute& attribute : attributes_) {
    writer.Byte(static_cast<char>(attribute.type));
    writer.String(attribute.key);
    writer.String(attribute.text);
  }
  return HashOf(AsBytes(scratch_));
}

std::uint32_t LoadedRows::Resource(model::Block& block) {
  ReadAttributes(resource_);
  const std::string_view service = Text(PartSource::kServiceName);
  const std::string_view url = Text(PartSource::kResourceUrl);
  const std::uint32_t dropped = Count(PartSource::kResourceDropped);
  const bool present = Present(PartSource::kResourcePresent);
  const Hash128 hash = HashOfGroup({service, url}, dropped, present);
  if (const auto known = block.FindResource(hash)) return *known;
  model::Resource resource;
  resource.attributes = KeepAttributes(block.arena());
  resource.attribute_count = static_cast<std::uint32_t>(attributes_.size());
  resource.dropped_attributes_count = dropped;
  resource.service_name = block.arena().Copy(service);
  resource.schema_url = block.arena().Copy(url);
  resource.present = present;
  return block.AddResource(hash, resource);
}

std::uint32_t LoadedRows::InstrumentationScope(model::Block& block) {
  ReadAttributes(scope_);
  const std::string_view name = Text(PartSource::kScopeName);
  const std::string_view version = Text(PartSource::kScopeVersion);
  const std::string_view url = Text(PartSource::kScopeUrl);
  const std::uint32_t dropped = Count(PartSource::kScopeDropped);
  const bool present = Present(PartSource::kScopePresent);
  const Hash128 hash = HashOfGroup({name, version, url}, dropped, present);
  if (const auto known = block.FindScope(hash)) return *known;
  model::Scope scope;
  scope.attributes = KeepAttributes(block.arena());
  scope.attribute_count = static_cast<std::uint32_t>(attributes_.size());
  scope.dropped_attributes_count = dropped;
  scope.name = block.arena().Copy(name);
  scope.version = block.arena().Copy(version);
  scope.schema_url = block.arena().Copy(url);
  scope.present = present;
  return block.AddScope(hash, scope);
}

}  // namespace strata::duck
