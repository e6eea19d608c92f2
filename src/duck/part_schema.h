// The columns of a part (docs/formats/parquet.md). Internal to module duck.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "duck/snapshot.h"
#include "duck/view.h"
#include "model/kind.h"
#include "model/schema.h"

namespace strata::duck {

enum class PartSource : std::uint8_t {
  kFixed,      // a fixed column of the model; ids as bytes
  kCell,       // a list cell of the model as a nested column
  kCellTypes,  // the letters of a cell of attributes (metric metadata)
  kPosition,
  kServiceName,
  kResourcePresent,
  kResourceUrl,
  kResourceDropped,
  kScopePresent,
  kScopeName,
  kScopeVersion,
  kScopeUrl,
  kScopeDropped,
  kAttribute,  // one key and type of record, resource or scope
  kRest,       // attributes without a column of their own, as MAP
  kRestTypes,  // their letters
};

struct PartField {
  std::string name;
  duckdb::LogicalType type;
  std::int32_t id = 0;  // Parquet field id
  PartSource source = PartSource::kFixed;
  std::uint16_t fixed = 0;
  CellType cell = CellType::kNone;
  AttributeScope scope = AttributeScope::kRecord;
  std::string key;
  model::AnyType any = model::AnyType::kString;
};

// What a fixed column of the model is in a part; ids are bytes.
duckdb::LogicalType PartType(model::ColumnType type);

// All fields that parts of a kind may have, but for attributes. A part leaves out those that say
// the same default in every row: NULL where the model's column is nullable, a time, an id or a MAP,
// else 0 or ''; true for *_present.
const std::vector<PartField>& PartFields(model::Kind kind);
// Fields that are in every part.
bool IsRequired(const PartField& field, model::Kind kind);

PartField AttributeField(AttributeScope scope, const std::string& key, model::AnyType type,
                         const std::string& name, std::int32_t id);
inline constexpr std::int32_t kFirstAttributeFieldId = 1000;

// Names for attribute columns that differ in more than case: a.<key>, then with the type's letter.
class PartColumnNames {
 public:
  std::string Add(AttributeScope scope, const std::string& key, model::AnyType type);

 private:
  std::vector<std::string> taken_;  // lower case, sorted
};

// Values of the file's key-value metadata.
inline constexpr const char* kVersionKey = "strata.version";
inline constexpr const char* kKindKey = "strata.kind";
inline constexpr const char* kColumnsKey = "strata.columns";
inline constexpr const char* kRestKeysKey = "strata.rest_keys";
inline constexpr const char* kVersion = "1";

// [["a.http.route","a","http.route","s"],…]: column, scope, key, type.
std::string EncodeColumns(const std::vector<PartColumn>& columns);
Result<std::vector<PartColumn>> DecodeColumns(std::string_view json);

// [["a","key"],…]: the keys that any row's rest holds.
struct RestKey {
  AttributeScope scope = AttributeScope::kRecord;
  std::string key;
  auto operator<=>(const RestKey&) const = default;
};
// A part with more of them lists none, and readers look into every rest.
inline constexpr std::size_t kRestKeysMax = 4096;
std::string EncodeRestKeys(const std::vector<RestKey>& keys);
Result<std::vector<RestKey>> DecodeRestKeys(std::string_view json);

}  // namespace strata::duck
