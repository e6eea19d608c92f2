#include "duck/block_columns.h"

#include <algorithm>

#include "duck/block_fixed.h"
#include "duck/block_origins.h"
#include "duck/slice_runs.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::idx_t;
using duckdb::sel_t;
using duckdb::SelectionVector;
using model::Chunk;
using model::Column;
using model::ColumnType;

void FillCoded(const CodedValues& coded, const ChunkRows& rows, duckdb::Vector& out) {
  if (coded.codes32 != nullptr && rows.selection == nullptr) {
    const SelectionVector codes(reinterpret_cast<sel_t*>(DataOf(coded.codes32 + rows.base)));
    out.Dictionary(*coded.dictionary, coded.size, codes, rows.count);
  } else {
    SelectionVector codes(std::max<idx_t>(rows.count, 1));
    sel_t* to = codes.data();
    if (coded.codes16 != nullptr && rows.selection == nullptr) {
      const std::uint16_t* from = coded.codes16 + rows.base;
      for (idx_t i = 0; i < rows.count; ++i) to[i] = from[i];
    } else {
      for (idx_t i = 0; i < rows.count; ++i) to[i] = coded[rows[i]];
    }
    out.Dictionary(*coded.dictionary, coded.size, codes, rows.count);
  }
  duckdb::DictionaryVector::SetDictionaryId(out, *coded.id);
}

}  // namespace

void BlockColumns::Start(const model::BlockSlice& slice, const std::string& collection) {
  collection_ = &collection;
  slice_ = slice;
  attributes_.Start(*slice.block);
  codes_.Start(*slice.block);
}

const void* BlockColumns::PlainValues(std::size_t index, std::uint32_t chunk_index) const {
  const ViewColumn& view = plan_.columns[index];
  if (view.source != ViewSource::kFixed) return nullptr;
  const Column& column = block().fixed(view.fixed);
  switch (column.type()) {
    case ColumnType::kTime:
    case ColumnType::kInt64:
    case ColumnType::kUint64:
    case ColumnType::kInt32:
    case ColumnType::kUint32:
    case ColumnType::kUint8:
      break;
    default:
      return nullptr;
  }
  const Chunk* chunk = column.chunk(chunk_index);
  if (chunk == nullptr || chunk->validity != nullptr) return nullptr;
  if (column.type() == ColumnType::kTime && column.has_zero()) return nullptr;
  return chunk->data;
}

AttributeSource BlockColumns::OnlyAttribute(std::size_t index, std::uint32_t chunk_index) {
  const ViewColumn& view = plan_.columns[index];
  const bool of_record =
      view.source == ViewSource::kAttribute && view.scope == AttributeScope::kRecord;
  return of_record ? attributes_.Only(index, chunk_index) : AttributeSource();
}

const std::byte* BlockColumns::IdValues(std::size_t index, std::uint32_t chunk_index) const {
  const Chunk* chunk = block().fixed(plan_.columns[index].fixed).chunk(chunk_index);
  return chunk == nullptr ? nullptr : chunk->values<std::byte>();
}

void BlockColumns::FillPosition(const ChunkRows& rows, duckdb::Vector& out) const {
  PositionCursor cursor(slice_);
  const std::uint32_t first = rows.chunk * model::kChunkRows;
  auto* to = duckdb::FlatVector::GetData<std::uint64_t>(out);
  for (idx_t i = 0; i < rows.count; ++i) to[i] = cursor.At(first + rows[i]);
}

void BlockColumns::Fill(std::size_t index, const ChunkRows& rows, duckdb::Vector& out) {
  CodedValues coded;
  if (Coded(index, rows.chunk, coded)) return FillCoded(coded, rows, out);
  const ViewColumn& view = plan_.columns[index];
  switch (view.source) {
    case ViewSource::kFixed:
      return FillFixed(block().fixed(view.fixed), rows, out);
    case ViewSource::kEnum:
      return FillEnum(block(), view.fixed, rows, out);
    case ViewSource::kBody:
      return FillBody(block(), rows, out);
    case ViewSource::kValue:
      return FillValue(block(), rows, out);
    case ViewSource::kDuration:
      return FillDuration(block(), rows, out);
    case ViewSource::kAttributes:
      return view.scope == AttributeScope::kRecord ? attributes_.FillMap(rows, out)
                                                   : FillOriginMap(block(), view, rows, out);
    case ViewSource::kCell:
      return FillCell(block().fixed(view.fixed), view.cell, rows, out);
    case ViewSource::kCollection:
      return SetConstantText(out, *collection_);
    case ViewSource::kPosition:
      return FillPosition(rows, out);
    case ViewSource::kAttribute:
      if (view.scope != AttributeScope::kRecord) return SetConstantNull(out);
      return attributes_.FillKey(index, rows, out);
    default:  // texts of resources and scopes of a block that has none; kNothing
      return SetConstantNull(out);
  }
}

}  // namespace strata::duck
