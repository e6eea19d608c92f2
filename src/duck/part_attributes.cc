#include "duck/part_attributes.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <optional>

#include "duck/attribute_values.h"
#include "duck/part_rows.h"
#include "duck/part_vectors.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using model::AnyType;
using model::kChunkRows;

bool IsScalar(AnyType type) {
  return type == AnyType::kString || type == AnyType::kInt || type == AnyType::kDouble ||
         type == AnyType::kBool;
}

template <class Item>
std::span<const model::Attribute> AttributesOf(const Item& item) {
  return {item.attributes, item.attribute_count};
}

OriginValue ValueOf(const model::Attribute& attribute) {
  const std::string_view text = attribute.text.view();
  OriginValue value{.set = true, .text = AsString(attribute.text)};
  if (attribute.type == AnyType::kInt) {
    std::from_chars(text.data(), text.data() + text.size(), value.integer);
  } else if (attribute.type == AnyType::kBool) {
    value.integer = text == "true" ? 1 : 0;
  } else if (attribute.type == AnyType::kDouble) {
    // Also reads NaN and Infinity, as they are kept.
    value.number = std::strtod(std::string(text).c_str(), nullptr);
  }
  return value;
}

// Adds the keys of the cells of the slice's rows, as many as metadata may list.
void AddCellKeys(const model::BlockSlice& slice, std::set<RestKey>& keys) {
  const model::Column& rest = slice.block->fixed(model::kRest);
  TypedEntry entry;
  for (std::uint32_t c = slice.begin_row() / kChunkRows; c < ChunkEnd(slice); ++c) {
    const model::Chunk* chunk = rest.chunk(c);
    if (chunk == nullptr) continue;
    const std::uint32_t from = std::max(slice.begin_row(), c * kChunkRows) - c * kChunkRows;
    const std::uint32_t to = std::min(slice.end_row() - c * kChunkRows, kChunkRows);
    for (std::uint32_t row = from; row < to; ++row) {
      EntryReader reader(chunk->values<model::Text>()[row].view());
      while (reader.Next(entry)) {
        if (keys.size() <= kRestKeysMax) keys.insert({.key = std::string(entry.key)});
      }
    }
  }
}

}  // namespace

PartAttributes::PartAttributes(std::span<const model::BlockSlice> slices,
                               const PartOptions& options) {
  Choose(slices, options.attribute_columns_max);
  Binding binding;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    binding.places[{fields_[i].scope, fields_[i].key, fields_[i].any}] = i;
  }
  for (const model::BlockSlice& slice : slices) {
    slices_.push_back(Bind(*slice.block, binding));
    AddCellKeys(slice, binding.rest_keys);
  }
  rest_keys_.assign(binding.rest_keys.begin(), binding.rest_keys.end());
}

// Scalars of resources and scopes, sorted.
std::vector<PartAttributes::FieldKey> PartAttributes::OriginKeys(
    std::span<const model::BlockSlice> slices) {
  std::set<FieldKey> keys;
  const auto add = [&](AttributeScope scope, const auto& items) {
    const std::size_t count = items.size();
    for (std::size_t i = 0; i < count; ++i) {
      for (const model::Attribute& attribute : AttributesOf(items[i])) {
        if (!IsScalar(attribute.type)) continue;
        keys.emplace(scope, std::string(attribute.key.view()), attribute.type);
      }
    }
  };
  for (const model::BlockSlice& slice : slices) {
    add(AttributeScope::kResource, slice.block->resources());
    add(AttributeScope::kScope, slice.block->scopes());
  }
  return {keys.begin(), keys.end()};
}

// Those in most chunks first.
std::vector<PartAttributes::FieldKey> PartAttributes::RecordKeys(
    std::span<const model::BlockSlice> slices) {
  std::map<FieldKey, std::uint64_t> chunks_of;
  for (const model::BlockSlice& slice : slices) {
    const std::size_t count = slice.block->attributes().size();
    for (std::size_t i = 0; i < count; ++i) {
      const model::AttributeColumn& attribute = slice.block->attributes()[i];
      const std::uint64_t chunks = ChunksWith(*attribute.column, slice);
      if (chunks == 0) continue;
      const std::string key(attribute.key.view());
      chunks_of[{AttributeScope::kRecord, key, attribute.type}] += chunks;
    }
  }
  std::vector<std::pair<std::uint64_t, FieldKey>> ranked;
  ranked.reserve(chunks_of.size());
  for (const auto& [key, chunks] : chunks_of) ranked.emplace_back(chunks, key);
  std::ranges::stable_sort(ranked, std::greater<>(), [](const auto& pair) { return pair.first; });
  std::vector<FieldKey> keys;
  keys.reserve(ranked.size());
  for (auto& [chunks, key] : ranked) keys.push_back(std::move(key));
  return keys;
}

// Keys of resources and scopes first: they are few.
void PartAttributes::Choose(std::span<const model::BlockSlice> slices, std::uint32_t columns_max) {
  std::vector<FieldKey> chosen = OriginKeys(slices);
  chosen.resize(std::min<std::size_t>(chosen.size(), columns_max / 2));
  for (FieldKey& key : RecordKeys(slices)) {
    if (chosen.size() >= columns_max) break;
    chosen.push_back(std::move(key));
  }
  std::ranges::sort(chosen);
  PartColumnNames names;
  std::int32_t id = kFirstAttributeFieldId;
  for (const auto& [scope, key, type] : chosen) {
    fields_.push_back(AttributeField(scope, key, type, names.Add(scope, key, type), id++));
  }
}

SliceAttributes PartAttributes::Bind(const model::Block& block, Binding& binding) const {
  SliceAttributes slice;
  slice.columns.resize(fields_.size());
  slice.values.resize(fields_.size());
  slice.resource_rests = BindOrigins(AttributeScope::kResource, block.resources(), binding, slice);
  slice.scope_rests = BindOrigins(AttributeScope::kScope, block.scopes(), binding, slice);
  const std::size_t count = block.attributes().size();
  for (std::size_t i = 0; i < count; ++i) {
    const model::AttributeColumn& attribute = block.attributes()[i];
    const std::string key(attribute.key.view());
    const auto place = binding.places.find({AttributeScope::kRecord, key, attribute.type});
    if (place != binding.places.end()) {
      slice.columns[place->second] = attribute.column;
    } else {
      slice.demoted.push_back(&attribute);
      binding.rest_keys.insert({.key = key});
    }
  }
  std::ranges::stable_sort(slice.demoted, {}, [](const auto* a) { return a->key.view(); });
  return slice;
}

// Sets `slice`'s values of the chosen attributes of `items`, and returns the others.
template <class Items>
std::vector<std::vector<TypedEntry>> PartAttributes::BindOrigins(AttributeScope scope,
                                                                 const Items& items,
                                                                 Binding& binding,
                                                                 SliceAttributes& slice) {
  std::vector<std::vector<TypedEntry>> rests(items.size());
  for (std::size_t i = 0; i < rests.size(); ++i) {
    for (const model::Attribute& attribute : AttributesOf(items[i])) {
      const std::string key(attribute.key.view());
      const auto place = binding.places.find({scope, key, attribute.type});
      if (place == binding.places.end()) {
        rests[i].push_back(
            {.key = attribute.key.view(), .type = attribute.type, .text = attribute.text.view()});
        binding.rest_keys.insert({.scope = scope, .key = key});
        continue;
      }
      auto& values = slice.values[place->second];
      values.resize(rests.size());
      values[i] = ValueOf(attribute);
    }
  }
  return rests;
}

std::vector<PartColumn> PartAttributes::columns() const {
  std::vector<PartColumn> columns;
  columns.reserve(fields_.size());
  for (const PartField& field : fields_) {
    columns.push_back(
        {.name = field.name, .scope = field.scope, .key = field.key, .type = field.any});
  }
  return columns;
}

bool PartAttributes::HasRest(AttributeScope scope) const {
  return std::ranges::any_of(rest_keys_, [&](const RestKey& key) { return key.scope == scope; });
}

}  // namespace strata::duck
