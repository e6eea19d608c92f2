#include "duck/part_maps.h"

#include <algorithm>

#include "duck/attribute_values.h"
#include "duck/nested.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::Vector;
using model::Chunk;
using model::Column;

// Calls f(begin, count) for all rows, a vector's worth at a time.
template <class F>
void ForEachVector(std::size_t rows, F f) {
  for (std::size_t begin = 0; begin < rows; begin += STANDARD_VECTOR_SIZE) {
    f(begin, std::min<std::size_t>(rows - begin, STANDARD_VECTOR_SIZE));
  }
}

// The i-th row's attributes that have no column in the part: a cell's, and demoted columns'.
void AddRecordRest(const PartRows& rows, std::size_t i, const SliceAttributes& slice,
                   MapAppender& map) {
  const Chunk* cells = rows.chunk(rows.block(i).fixed(model::kRest), i);
  const std::uint32_t at = rows.at(i);
  auto next = slice.demoted.begin();
  char buffer[40];
  // Both ascend by key.
  const auto add_demoted_below = [&](const std::string_view* key) {
    for (; next != slice.demoted.end() && (key == nullptr || (*next)->key.view() < *key); ++next) {
      const Chunk* chunk = rows.chunk(*(*next)->column, i);
      if (chunk == nullptr || !AttributeIsSet(*chunk, at)) continue;
      map.Add({.key = (*next)->key.view(),
               .type = (*next)->type,
               .text = AttributeText(**next, *chunk, at, buffer)});
    }
  };
  TypedEntry entry;
  EntryReader reader(cells == nullptr ? std::string_view()
                                      : cells->values<model::Text>()[at].view());
  while (reader.Next(entry)) {
    add_demoted_below(&entry.key);
    map.Add(entry);
  }
  add_demoted_below(nullptr);
}

void AddOriginRest(const std::vector<std::vector<TypedEntry>>& rests, std::uint32_t number,
                   MapAppender& map) {
  if (number >= rests.size()) return;
  for (const TypedEntry& entry : rests[number]) map.Add(entry);
}

}  // namespace

void GatherCells(const PartField& field, const PartRows& rows, PartVectors& out) {
  out.ClearLetters();
  ForEachVector(rows.size(), [&](std::size_t begin, std::size_t count) {
    CellList cells(count);
    for (std::size_t i = 0; i < count; ++i) {
      const Column& column = rows.block(begin + i).fixed(field.fixed);
      const Chunk* chunk = rows.chunk(column, begin + i);
      const std::uint32_t at = rows.at(begin + i);
      if (chunk == nullptr ? !column.nullable() : chunk->IsValid(at)) {
        cells[i] = chunk == nullptr ? std::string_view() : chunk->values<model::Text>()[at].view();
      }
    }
    Vector& values = out.Add(field.type, count);
    Vector* letters = field.cell == CellType::kAttributes ? &out.AddLetters(count) : nullptr;
    CellsToVector(field.cell, cells, Shape::kPart, values, letters);
  });
}

void GatherRests(const PartField& field, const PartAttributes& attributes, const PartRows& rows,
                 PartVectors& out) {
  out.ClearLetters();
  ForEachVector(rows.size(), [&](std::size_t begin, std::size_t count) {
    Vector& values = out.Add(field.type, count);
    MapAppender map(values, &out.AddLetters(count), Shape::kPart);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t row = begin + i;
      const SliceAttributes& slice = attributes.slice(rows.refs[row].slice);
      map.BeginRow(i);
      switch (field.scope) {
        case AttributeScope::kRecord:
          AddRecordRest(rows, row, slice, map);
          break;
        case AttributeScope::kResource:
          AddOriginRest(slice.resource_rests, rows.Origin(model::kResource, row), map);
          break;
        case AttributeScope::kScope:
          AddOriginRest(slice.scope_rests, rows.Origin(model::kScope, row), map);
          break;
      }
      map.EndRow();
    }
  });
}

}  // namespace strata::duck
