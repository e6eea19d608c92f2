// PartVectors: the values of a field of a part before they are written. Internal to module duck.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "duck/parquet_output.h"
#include "duckdb/common/types/vector.hpp"
#include "model/text.h"

namespace strata::duck {

// One field at a time, with the letters of the MAP field before it. One thread.
class PartVectors {
 public:
  const std::vector<ColumnBatch>& batches() const { return values_.batches; }
  const std::vector<ColumnBatch>& letter_batches() const { return letters_.batches; }

  void Clear() { values_ = {}; }
  void ClearLetters() { letters_ = {}; }

  duckdb::Vector& Add(const duckdb::LogicalType& type, duckdb::idx_t rows) {
    return values_.Add(type, rows);
  }
  duckdb::Vector& AddLetters(duckdb::idx_t rows) {
    return letters_.Add(duckdb::LogicalType::VARCHAR, rows);
  }
  // A flat vector for values of primitive types whose mask has room for all rows.
  template <class T>
  T* AddFlat(const duckdb::LogicalType& type, duckdb::idx_t rows) {
    duckdb::Vector& vector = Add(type, rows);
    auto& mask = duckdb::FlatVector::Validity(vector);
    mask.Initialize(std::max<duckdb::idx_t>(rows, STANDARD_VECTOR_SIZE));
    return duckdb::FlatVector::GetData<T>(vector);
  }
  // In the vector that was added last.
  void SetNull(duckdb::idx_t row) {
    duckdb::FlatVector::Validity(*values_.owned.back()).SetInvalid(row);
  }

 private:
  struct List {
    std::vector<ColumnBatch> batches;
    std::vector<std::unique_ptr<duckdb::Vector>> owned;

    duckdb::Vector& Add(const duckdb::LogicalType& type, duckdb::idx_t rows) {
      owned.push_back(std::make_unique<duckdb::Vector>(type, rows));
      batches.push_back({.vector = owned.back().get(), .rows = rows});
      return *owned.back();
    }
  };

  List values_;
  List letters_;
};

// A text of a block as DuckDB's string: short ones are copied, long ones stay in the block.
inline duckdb::string_t AsString(const model::Text& text) {
  static_assert(sizeof(duckdb::string_t) == sizeof(model::Text));
  duckdb::string_t string;
  std::memcpy(static_cast<void*>(&string), &text, sizeof text);
  return string;
}

}  // namespace strata::duck
