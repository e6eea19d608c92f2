// Rows of one chunk of a block, and how their values get into a vector. Internal to module duck.
#pragma once

#include <cstdint>
#include <string_view>

#include "duckdb/common/types/string_type.hpp"
#include "duckdb/common/types/vector.hpp"
#include "model/column.h"

namespace strata::duck {

// Ascending: base, base + 1, … or, where `selection` is set, those.
struct ChunkRows {
  std::uint32_t chunk = 0;
  std::uint32_t base = 0;
  const duckdb::sel_t* selection = nullptr;
  duckdb::idx_t count = 0;

  std::uint32_t operator[](duckdb::idx_t i) const {
    return selection != nullptr ? selection[i] : base + static_cast<std::uint32_t>(i);
  }
};

static_assert(sizeof(duckdb::string_t) == sizeof(model::Text));
static_assert(duckdb::string_t::INLINE_LENGTH == model::Text::kInlineBytes);
static_assert(model::kChunkRows == STANDARD_VECTOR_SIZE, "a chunk is read as one vector");
static_assert(std::is_same_v<duckdb::sel_t, std::uint32_t>);

// DuckDB takes pointers to non-const and never writes through those of a scan's output.
inline duckdb::data_ptr_t DataOf(const void* data) {
  return const_cast<duckdb::data_ptr_t>(static_cast<const duckdb::data_t*>(data));
}

inline void SetConstantNull(duckdb::Vector& out) {
  out.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  duckdb::ConstantVector::SetNull(out, true);
}

inline void SetConstantText(duckdb::Vector& out, std::string_view text) {
  out.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  duckdb::ConstantVector::GetData<duckdb::string_t>(out)[0] =
      duckdb::StringVector::AddString(out, text.data(), text.size());
}

// The rows of a flat chunk; without a copy where they are dense.
template <class T>
void CopyValues(const model::Chunk& chunk, const ChunkRows& rows, duckdb::Vector& out) {
  const T* values = chunk.values<T>();
  if (rows.selection == nullptr) {
    duckdb::FlatVector::SetData(out, DataOf(values + rows.base));
    return;
  }
  T* to = duckdb::FlatVector::GetData<T>(out);
  for (duckdb::idx_t i = 0; i < rows.count; ++i) to[i] = values[rows.selection[i]];
}

inline void CopyValidity(const model::Chunk& chunk, const ChunkRows& rows, duckdb::Vector& out) {
  if (chunk.validity == nullptr) return;
  auto& mask = duckdb::FlatVector::Validity(out);
  for (duckdb::idx_t i = 0; i < rows.count; ++i) {
    if (!chunk.IsValid(rows[i])) mask.SetInvalid(i);
  }
}

}  // namespace strata::duck
