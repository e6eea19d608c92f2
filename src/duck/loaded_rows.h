// LoadedRows: rows of a part's chunks as rows of blocks. Internal to module duck.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "duck/part_schema.h"
#include "duckdb/common/types/data_chunk.hpp"
#include "model/row_writer.h"

namespace strata::duck {

// One attribute of a resource or scope; the key lies in the chunk or in its field.
struct LoadedAttribute {
  std::string_view key;
  model::AnyType type = model::AnyType::kEmpty;
  std::string text;
};

// One row at a time. Throws duckdb::InvalidInputException where a value is none that we write.
class LoadedRows {
 public:
  explicit LoadedRows(model::Kind kind) : kind_(kind) {}

  // Says that column `column` of the chunks holds `field`.
  void Bind(const PartField& field, duckdb::idx_t column);
  // Appends the row to the writer's blocks. Requires: the chunk's vectors are flat.
  void Append(duckdb::DataChunk& chunk, duckdb::idx_t row, model::RowWriter& writer);

 private:
  struct Bound {
    PartField field;
    duckdb::idx_t column = 0;
  };
  struct Scope {
    std::vector<Bound> columns;
    std::optional<duckdb::idx_t> rest;
    std::optional<duckdb::idx_t> rest_types;
  };

  Scope& ScopeOf(AttributeScope scope) {
    return scope == AttributeScope::kRecord     ? record_
           : scope == AttributeScope::kResource ? resource_
                                                : scope_;
  }
  std::string_view Text(PartSource source) const;
  std::uint32_t Count(PartSource source) const;
  bool Present(PartSource source) const;
  void SetFixed(const Bound& bound, model::RowWriter& writer);
  void SetCell(const Bound& bound, model::RowWriter& writer);
  void AddRecordAttributes(model::RowWriter& writer);
  template <class F>
  void ForEachRest(const Scope& scope, F f);
  void ReadAttributes(const Scope& scope);
  const model::Attribute* KeepAttributes(model::Arena& arena) const;
  // Hash of what was read last with the group's other properties.
  Hash128 HashOfGroup(std::initializer_list<std::string_view> texts, std::uint64_t dropped,
                      bool present);
  std::uint32_t Resource(model::Block& block);
  std::uint32_t InstrumentationScope(model::Block& block);

  const model::Kind kind_;
  std::vector<Bound> fixed_;
  std::vector<Bound> cells_;
  std::map<std::uint16_t, duckdb::idx_t> cell_types_;  // by fixed column
  std::map<PartSource, duckdb::idx_t> origin_;
  Scope record_;
  Scope resource_;
  Scope scope_;
  // The row at hand.
  duckdb::DataChunk* chunk_ = nullptr;
  duckdb::idx_t row_ = 0;
  std::vector<LoadedAttribute> attributes_;
  std::string scratch_;
};

}  // namespace strata::duck
