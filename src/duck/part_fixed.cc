#include "duck/part_fixed.h"

#include <cstring>

#include "duck/attribute_values.h"
#include "duck/fixed_type.h"
#include "duck/slice_runs.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::string_t;
using model::Chunk;
using model::Column;
using model::ColumnType;

void GatherTexts(const PartField& field, const PartRows& rows, PartVectors& out) {
  auto* to = out.AddFlat<string_t>(duckdb::LogicalType::VARCHAR, rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Column& column = rows.block(i).fixed(field.fixed);
    const Chunk* chunk = rows.chunk(column, i);
    if (chunk != nullptr && AttributeIsSet(*chunk, rows.at(i))) {
      to[i] = AsString(StoredText(column, *chunk, rows.at(i)));
    } else {
      to[i] = string_t("", 0);
      if (column.nullable()) out.SetNull(i);
    }
  }
}

void GatherIds(const PartField& field, const PartRows& rows, std::size_t bytes, PartVectors& out) {
  static constexpr std::byte kUnset[16] = {};
  auto* to = out.AddFlat<string_t>(field.type, rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Chunk* chunk = rows.chunk(rows.block(i).fixed(field.fixed), i);
    const std::byte* id =
        chunk == nullptr ? kUnset : chunk->values<std::byte>() + rows.at(i) * bytes;
    to[i] = string_t(reinterpret_cast<const char*>(id), static_cast<std::uint32_t>(bytes));
    if (std::memcmp(id, kUnset, bytes) == 0) out.SetNull(i);
  }
}

template <class T>
void GatherNumbers(const PartField& field, ColumnType type, const PartRows& rows,
                   PartVectors& out) {
  T* to = out.AddFlat<T>(field.type, rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Column& column = rows.block(i).fixed(field.fixed);
    const Chunk* chunk = rows.chunk(column, i);
    const std::uint32_t at = rows.at(i);
    to[i] = chunk == nullptr ? T{} : chunk->values<T>()[at];
    const bool null = type == ColumnType::kTime ? to[i] == T{}
                      : chunk == nullptr        ? column.nullable()
                                                : !chunk->IsValid(at);
    if (null) out.SetNull(i);
  }
}

}  // namespace

void GatherFixed(const PartField& field, model::Kind kind, const PartRows& rows, PartVectors& out) {
  const ColumnType type = model::FixedColumns(kind)[field.fixed].type;
  switch (type) {
    case ColumnType::kText:
    case ColumnType::kLabel:
      return GatherTexts(field, rows, out);
    case ColumnType::kId16:
      return GatherIds(field, rows, 16, out);
    case ColumnType::kId8:
      return GatherIds(field, rows, 8, out);
    default:
      WithFixedType(type, [&]<class T>(T) { GatherNumbers<T>(field, type, rows, out); });
  }
}

void GatherPositions(const PartRows& rows, PartVectors& out) {
  auto* to = out.AddFlat<std::uint64_t>(duckdb::LogicalType::UBIGINT, rows.size());
  std::vector<PositionCursor> cursors;
  for (const model::BlockSlice& slice : rows.slices) cursors.emplace_back(slice);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    to[i] = cursors[rows.refs[i].slice].At(rows.refs[i].row);
  }
}

}  // namespace strata::duck
