#include "model/block.h"

#include <algorithm>

#include "base/check.h"

namespace strata::model {
namespace {

ColumnType TypeOfAttribute(AnyType type) {
  switch (type) {
    case AnyType::kString:
      return ColumnType::kLabel;
    case AnyType::kInt:
      return ColumnType::kInt64;
    case AnyType::kDouble:
      return ColumnType::kDouble;
    case AnyType::kBool:
      return ColumnType::kBool;
    default:
      CHECK(false);
  }
}

template <class List, class Value>
bool Contains(const List& list, const Value& value) {
  return std::ranges::find(list, value) != list.end();
}

}  // namespace

Block::Block(Kind kind, std::uint32_t capacity, const BlockHints& hints)
    : kind_(kind), capacity_(capacity), raw_keys_(hints.raw_keys) {
  CHECK(capacity >= 1 && capacity <= kBlockRowsMax);
  const auto specs = FixedColumns(kind);
  fixed_.reserve(specs.size());
  for (const ColumnSpec& spec : specs) {
    fixed_.push_back(std::make_unique<Column>(spec.type, spec.nullable, capacity,
                                              Contains(hints.raw_fixed, fixed_.size())));
  }
}

AttributeKey* Block::FindKey(std::string_view key) {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second.get();
}

AttributeKey* Block::KeyWithColumn(std::string_view key, AnyType type, Column** column) {
  const auto& types = AttributeKey::kColumnTypes;
  const auto place = static_cast<std::size_t>(std::ranges::find(types, type) - types.begin());
  CHECK(place < types.size());
  AttributeKey* entry = FindKey(key);
  if (entry != nullptr && entry->columns[place] != nullptr) {
    *column = entry->columns[place];
    return entry;
  }
  if (attribute_columns_.size() >= kAttributeColumnsMax) return nullptr;
  const bool raw = type == AnyType::kString && Contains(raw_keys_, key);
  attribute_columns_.push_back(
      std::make_unique<Column>(TypeOfAttribute(type), /*nullable=*/true, capacity_, raw));
  *column = attribute_columns_.back().get();
  const AttributeColumn& kept =
      attributes_.Append({.key = arena_.Copy(key), .type = type, .column = *column});
  if (entry == nullptr) {
    auto added = std::make_unique<AttributeKey>();
    added->name = kept.key.view();  // elements of attributes_ never move
    entry = added.get();
    by_key_.emplace(entry->name, std::move(added));
  }
  entry->columns[place] = *column;
  return entry;
}

std::optional<std::uint32_t> Block::FindResource(const Hash128& hash) const {
  const auto found = resource_index_.find(hash);
  if (found == resource_index_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::uint32_t> Block::FindScope(const Hash128& hash) const {
  const auto found = scope_index_.find(hash);
  if (found == scope_index_.end()) return std::nullopt;
  return found->second;
}

std::uint32_t Block::AddResource(const Hash128& hash, const Resource& resource) {
  const auto index = static_cast<std::uint32_t>(resources_.size());
  resources_.Append(resource);
  resource_index_.emplace(hash, index);
  return index;
}

std::uint32_t Block::AddScope(const Hash128& hash, const Scope& scope) {
  const auto index = static_cast<std::uint32_t>(scopes_.size());
  scopes_.Append(scope);
  scope_index_.emplace(hash, index);
  return index;
}

BlockHints Block::HintsForNext() const {
  BlockHints hints;
  for (std::size_t i = 0; i < fixed_.size(); ++i) {
    if (fixed_[i]->type() == ColumnType::kLabel && fixed_[i]->ended_raw()) {
      hints.raw_fixed.push_back(static_cast<std::uint16_t>(i));
    }
  }
  for (std::size_t i = 0; i < attributes_.size(); ++i) {
    const AttributeColumn& attribute = attributes_[i];
    if (attribute.type == AnyType::kString && attribute.column->ended_raw()) {
      hints.raw_keys.emplace_back(attribute.key.view());
    }
  }
  return hints;
}

}  // namespace strata::model
