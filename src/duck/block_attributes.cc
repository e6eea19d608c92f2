#include "duck/block_attributes.h"

#include <algorithm>

#include "duck/attribute_values.h"
#include "duck/plain_json.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::string_t;
using model::AttributeColumn;
using model::Chunk;

std::vector<AttributeSource> SourcesIn(std::span<const AttributeColumn* const> attributes,
                                       std::uint32_t chunk_index) {
  std::vector<AttributeSource> sources;
  for (const AttributeColumn* attribute : attributes) {
    const Chunk* chunk = attribute->column->chunk(chunk_index);
    if (chunk != nullptr) sources.push_back({.attribute = attribute, .chunk = chunk});
  }
  return sources;
}

// Adds the attributes of one row, which `sources` (by key) and its rest, a cell, hold.
void AddRow(std::span<const AttributeSource> sources, std::uint32_t row, std::string_view rest,
            MapAppender& map) {
  char buffer[40];
  EntryReader reader(rest);
  TypedEntry entry;
  bool more = reader.Next(entry);
  for (const auto& [attribute, chunk] : sources) {
    if (!AttributeIsSet(*chunk, row)) continue;
    const std::string_view key = attribute->key.view();
    for (; more && entry.key < key; more = reader.Next(entry)) map.Add(entry);
    map.Add({.key = key,
             .type = attribute->type,
             .text = AttributeText(*attribute, *chunk, row, buffer)});
  }
  for (; more; more = reader.Next(entry)) map.Add(entry);
}

}  // namespace

void BlockAttributes::Start(const model::Block& block) {
  block_ = &block;
  sorted_known_ = false;
  for (OfColumn& column : by_column_) column.known = false;
}

std::span<const AttributeColumn* const> BlockAttributes::Of(std::size_t column) {
  auto& [known, attributes] = by_column_[column];
  if (!known) {
    known = true;
    attributes.clear();
    const std::size_t count = block_->attributes().size();
    for (std::size_t i = 0; i < count; ++i) {
      const AttributeColumn& attribute = block_->attributes()[i];
      if (attribute.key.view() == plan_.columns[column].key) attributes.push_back(&attribute);
    }
  }
  return attributes;
}

AttributeSource BlockAttributes::Only(std::size_t column, std::uint32_t chunk_index) {
  if (block_->fixed(model::kRest).chunk(chunk_index) != nullptr) return {};
  AttributeSource only;
  for (const AttributeColumn* attribute : Of(column)) {
    const Chunk* chunk = attribute->column->chunk(chunk_index);
    if (chunk == nullptr) continue;
    if (only.chunk != nullptr) return {};
    only = {.attribute = attribute, .chunk = chunk};
  }
  return only;
}

void BlockAttributes::FillKey(std::size_t column, const ChunkRows& rows, duckdb::Vector& out) {
  const auto sources = SourcesIn(Of(column), rows.chunk);
  const Chunk* rest = block_->fixed(model::kRest).chunk(rows.chunk);
  if (sources.empty() && rest == nullptr) return SetConstantNull(out);
  auto* to = FlatVector::GetData<string_t>(out);
  char buffer[40];
  std::string scratch;
  for (idx_t i = 0; i < rows.count; ++i) {
    const std::uint32_t row = rows[i];
    const auto source = std::ranges::find_if(
        sources, [&](const AttributeSource& s) { return AttributeIsSet(*s.chunk, row); });
    std::optional<std::string_view> text;
    bool in_block = false;
    TypedEntry entry;
    if (source != sources.end()) {
      text = AttributeText(*source->attribute, *source->chunk, row, buffer);
      in_block = source->attribute->type == model::AnyType::kString;
    } else if (rest != nullptr && FindInCell(rest->values<model::Text>()[row].view(),
                                             plan_.columns[column].key, entry)) {
      text = SqlText(entry.type, entry.text, scratch);
    }
    if (!text) {
      FlatVector::SetNull(out, i, true);
    } else if (in_block) {
      to[i] = string_t(text->data(), static_cast<std::uint32_t>(text->size()));
    } else {
      to[i] = duckdb::StringVector::AddString(out, text->data(), text->size());
    }
  }
}

void BlockAttributes::FillMap(const ChunkRows& rows, duckdb::Vector& out) {
  if (!sorted_known_) {
    sorted_known_ = true;
    sorted_.clear();
    const std::size_t count = block_->attributes().size();
    for (std::size_t i = 0; i < count; ++i) sorted_.push_back(&block_->attributes()[i]);
    std::ranges::stable_sort(sorted_, {}, [](const auto* a) { return a->key.view(); });
  }
  const auto sources = SourcesIn(sorted_, rows.chunk);
  const Chunk* rest = block_->fixed(model::kRest).chunk(rows.chunk);
  duckdb::ListVector::SetListSize(out, 0);
  MapAppender map(out, nullptr, Shape::kView);
  for (idx_t i = 0; i < rows.count; ++i) {
    map.BeginRow(i);
    AddRow(sources, rows[i],
           rest == nullptr ? std::string_view() : rest->values<model::Text>()[rows[i]].view(), map);
    map.EndRow();
  }
}

}  // namespace strata::duck
