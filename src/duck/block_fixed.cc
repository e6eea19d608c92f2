#include "duck/block_fixed.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "duck/block_codes.h"
#include "duck/fixed_type.h"
#include "duck/nested.h"
#include "duck/plain_json.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::string_t;
using duckdb::Vector;
using model::Chunk;
using model::Column;
using model::ColumnType;

template <class T>
void SetConstantZero(Vector& out) {
  out.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  duckdb::ConstantVector::GetData<T>(out)[0] = T{};
}

bool IsZero(const std::byte* bytes, std::size_t size) {
  return std::all_of(bytes, bytes + size, [](std::byte b) { return b == std::byte{0}; });
}

void FillText(const Column& column, const ChunkRows& rows, Vector& out) {
  const Chunk* chunk = column.chunk(rows.chunk);
  if (chunk == nullptr) return column.nullable() ? SetConstantNull(out) : SetConstantText(out, "");
  if (chunk->encoding == Chunk::Encoding::kFlat) {
    CopyValues<string_t>(*chunk, rows, out);
    return CopyValidity(*chunk, rows, out);
  }
  // Codes of a dictionary that came after the scan began: read through the column's own.
  const auto* entries = reinterpret_cast<const string_t*>(column.dictionary()->entries());
  auto* to = FlatVector::GetData<string_t>(out);
  for (idx_t i = 0; i < rows.count; ++i) {
    const std::uint16_t code = chunk->values<std::uint16_t>()[rows[i]];
    to[i] = entries[code];
    if (code == 0 && column.nullable()) FlatVector::SetNull(out, i, true);
  }
}

void FillId(const Column& column, std::size_t bytes, const ChunkRows& rows, Vector& out) {
  const Chunk* chunk = column.chunk(rows.chunk);
  if (chunk == nullptr) return SetConstantNull(out);
  const bool may_be_null = column.has_zero();
  const auto* ids = chunk->values<std::byte>();
  auto* to = FlatVector::GetData<string_t>(out);
  for (idx_t i = 0; i < rows.count; ++i) {
    const std::byte* id = ids + rows[i] * bytes;
    if (may_be_null && IsZero(id, bytes)) {
      FlatVector::SetNull(out, i, true);
    } else {
      to[i] = HexString(out, {reinterpret_cast<const char*>(id), bytes});
    }
  }
}

void FillNumber(const Column& column, const ChunkRows& rows, Vector& out) {
  const Chunk* chunk = column.chunk(rows.chunk);
  if (chunk == nullptr) {
    if (column.nullable() || column.type() == ColumnType::kTime) return SetConstantNull(out);
    return WithFixedType(column.type(), [&]<class T>(T) { SetConstantZero<T>(out); });
  }
  WithFixedType(column.type(), [&]<class T>(T) { CopyValues<T>(*chunk, rows, out); });
  CopyValidity(*chunk, rows, out);
  if (column.type() != ColumnType::kTime || !column.has_zero()) return;
  const auto* times = chunk->values<std::int64_t>();
  for (idx_t i = 0; i < rows.count; ++i) {
    if (times[rows[i]] == 0) FlatVector::SetNull(out, i, true);
  }
}

}  // namespace

void FillFixed(const Column& column, const ChunkRows& rows, Vector& out) {
  switch (column.type()) {
    case ColumnType::kText:
    case ColumnType::kLabel:
      return FillText(column, rows, out);
    case ColumnType::kId16:
      return FillId(column, 16, rows, out);
    case ColumnType::kId8:
      return FillId(column, 8, rows, out);
    default:
      return FillNumber(column, rows, out);
  }
}

void FillEnum(const model::Block& block, std::uint16_t fixed, const ChunkRows& rows, Vector& out) {
  const Column& column = block.fixed(fixed);
  const Chunk* chunk = column.chunk(rows.chunk);
  if (chunk == nullptr && column.nullable()) return SetConstantNull(out);
  const auto names = EnumTexts(block.kind(), fixed);
  auto* to = FlatVector::GetData<string_t>(out);
  for (idx_t i = 0; i < rows.count; ++i) {
    to[i] = names[chunk == nullptr ? 0 : chunk->values<std::uint8_t>()[rows[i]]];
  }
  if (chunk != nullptr) CopyValidity(*chunk, rows, out);
}

void FillCell(const Column& column, CellType type, const ChunkRows& rows, Vector& out) {
  const Chunk* chunk = column.chunk(rows.chunk);
  CellList cells(rows.count);
  for (idx_t i = 0; i < rows.count; ++i) {
    if (chunk == nullptr) {
      if (!column.nullable()) cells[i] = std::string_view();
    } else if (chunk->IsValid(rows[i])) {
      cells[i] = chunk->values<model::Text>()[rows[i]].view();
    }
  }
  CellsToVector(type, cells, Shape::kView, out);
}

void FillBody(const model::Block& block, const ChunkRows& rows, Vector& out) {
  const Chunk* texts = block.fixed(model::kLogBody).chunk(rows.chunk);
  if (texts == nullptr) return SetConstantText(out, "");
  const Chunk* types = block.fixed(model::kLogBodyType).chunk(rows.chunk);
  const auto type_of = [&](idx_t i) {
    return types == nullptr ? 's' : static_cast<char>(types->values<std::uint8_t>()[rows[i]]);
  };
  bool nested = false;
  for (idx_t i = 0; i < rows.count; ++i) nested |= type_of(i) == 'a' || type_of(i) == 'm';
  if (!nested) return CopyValues<string_t>(*texts, rows, out);
  std::string scratch;
  auto* to = FlatVector::GetData<string_t>(out);
  for (idx_t i = 0; i < rows.count; ++i) {
    const model::Text& text = texts->values<model::Text>()[rows[i]];
    const auto type = static_cast<model::AnyType>(type_of(i));
    if (type != model::AnyType::kArray && type != model::AnyType::kMap) {
      std::memcpy(static_cast<void*>(to + i), &text, sizeof text);
      continue;
    }
    const auto shown = SqlText(type, text.view(), scratch).value_or("");
    to[i] = duckdb::StringVector::AddString(out, shown.data(), shown.size());
  }
}

void FillValue(const model::Block& block, const ChunkRows& rows, Vector& out) {
  const Chunk* doubles = block.fixed(model::kMetricValue).chunk(rows.chunk);
  const Chunk* integers = block.fixed(model::kMetricValueInt).chunk(rows.chunk);
  auto* to = FlatVector::GetData<double>(out);
  for (idx_t i = 0; i < rows.count; ++i) {
    if (doubles != nullptr && doubles->IsValid(rows[i])) {
      to[i] = doubles->values<double>()[rows[i]];
    } else if (integers != nullptr && integers->IsValid(rows[i])) {
      to[i] = static_cast<double>(integers->values<std::int64_t>()[rows[i]]);
    } else {
      FlatVector::SetNull(out, i, true);
    }
  }
}

void FillDuration(const model::Block& block, const ChunkRows& rows, Vector& out) {
  const Chunk* starts = block.fixed(model::kSpanStartTime).chunk(rows.chunk);
  const Chunk* ends = block.fixed(model::kSpanEndTime).chunk(rows.chunk);
  if (starts == nullptr || ends == nullptr) return SetConstantNull(out);
  auto* to = FlatVector::GetData<std::int64_t>(out);
  for (idx_t i = 0; i < rows.count; ++i) {
    const std::int64_t start = starts->values<std::int64_t>()[rows[i]];
    const std::int64_t end = ends->values<std::int64_t>()[rows[i]];
    to[i] = end - start;
    if (start == 0 || end == 0) FlatVector::SetNull(out, i, true);
  }
}

}  // namespace strata::duck
