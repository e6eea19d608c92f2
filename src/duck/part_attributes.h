// PartAttributes: which attributes of slices get a column of their own in a part, and where the
// slices hold those and the rest. Internal to module duck.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "duck/nested.h"
#include "duck/part_schema.h"
#include "duck/part_writer.h"
#include "duckdb/common/types/string_type.hpp"
#include "model/block.h"

namespace strata::duck {

// One value of an attribute of a resource or scope, as the column's type wants it.
struct OriginValue {
  bool set = false;
  duckdb::string_t text;
  std::int64_t integer = 0;  // also of a bool
  double number = 0;
};

// What is looked up in one slice.
struct SliceAttributes {
  // By place in PartAttributes::fields(): the block's column of a record's attribute, nullptr where
  // it has none.
  std::vector<const model::Column*> columns;
  // Of resources and scopes: by the same place, then by number in the block. May be shorter.
  std::vector<std::vector<OriginValue>> values;
  // Columns of record attributes that have none in the part, by key.
  std::vector<const model::AttributeColumn*> demoted;
  // What has none in the part, by number of the resource or scope.
  std::vector<std::vector<TypedEntry>> resource_rests;
  std::vector<std::vector<TypedEntry>> scope_rests;
};

// Constant after construction. Points into the slices' blocks.
class PartAttributes {
 public:
  PartAttributes(std::span<const model::BlockSlice> slices, const PartOptions& options);

  const std::vector<PartField>& fields() const { return fields_; }
  // What the part's metadata says of them.
  std::vector<PartColumn> columns() const;
  const std::vector<RestKey>& rest_keys() const { return rest_keys_; }
  bool HasRest(AttributeScope scope) const;
  const SliceAttributes& slice(std::size_t index) const { return slices_[index]; }

 private:
  using FieldKey = std::tuple<AttributeScope, std::string, model::AnyType>;
  // While it is made: places in fields_, and the keys of all rests.
  struct Binding {
    std::map<FieldKey, std::size_t> places;
    std::set<RestKey> rest_keys;
  };

  static std::vector<FieldKey> OriginKeys(std::span<const model::BlockSlice> slices);
  static std::vector<FieldKey> RecordKeys(std::span<const model::BlockSlice> slices);
  void Choose(std::span<const model::BlockSlice> slices, std::uint32_t columns_max);
  SliceAttributes Bind(const model::Block& block, Binding& binding) const;
  template <class Items>
  static std::vector<std::vector<TypedEntry>> BindOrigins(AttributeScope scope, const Items& items,
                                                          Binding& binding, SliceAttributes& slice);

  std::vector<PartField> fields_;
  std::vector<RestKey> rest_keys_;
  std::vector<SliceAttributes> slices_;
};

}  // namespace strata::duck
