// Values of DuckDB vectors as JSON or as plain text (contract.md, "SQL"). Internal to module duck.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "duckdb/common/types/vector.hpp"

namespace strata::duck {

// Reads one vector of a chunk; made anew for each chunk.
class ValueWriter {
 public:
  ValueWriter(duckdb::Vector& vector, duckdb::idx_t count);

  bool IsNull(duckdb::idx_t row) const;
  // Appends the value of `row` as a JSON value.
  void AppendJson(duckdb::idx_t row, std::string& out) const;
  // Appends the value as text: what JSON shows, strings without quotes. Requires: it is not NULL.
  void AppendText(duckdb::idx_t row, std::string& out) const;

 private:
  template <class T>
  T Get(duckdb::idx_t row) const {
    return duckdb::UnifiedVectorFormat::GetData<T>(format_)[format_.sel->get_index(row)];
  }
  // Values that JSON writes without quotes; false: the text in `out` is a string.
  bool AppendScalar(duckdb::idx_t row, std::string& out) const;
  void AppendItems(duckdb::idx_t begin, duckdb::idx_t count, std::string& out) const;
  void AppendMap(duckdb::idx_t row, std::string& out) const;
  void AppendStruct(duckdb::idx_t row, std::string& out) const;

  duckdb::Vector& vector_;
  duckdb::LogicalTypeId type_;
  duckdb::UnifiedVectorFormat format_;
  std::vector<std::unique_ptr<ValueWriter>> children_;
  std::vector<std::string> names_;  // of a STRUCT's fields
  duckdb::idx_t array_size_ = 0;
};

// RFC 3339 with nine digits and Z.
void AppendTime(std::int64_t nanos, std::string& out);
void AppendBase64(std::string_view bytes, std::string& out);

}  // namespace strata::duck
