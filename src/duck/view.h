// View: the columns of logs, spans and metrics as SQL sees them (contract.md, "Views"), and where
// each one comes from. Internal to module duck.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "duck/snapshot.h"
#include "duckdb/common/types.hpp"
#include "model/kind.h"

namespace strata::duck {

enum class ViewSource : std::uint8_t {
  kFixed,         // a fixed column of the model, read as it is (ids as hex text)
  kEnum,          // a fixed u8 column, read as the enum's name
  kBody,          // log body, by its type
  kValue,         // metric value: the double, else the integer as a double
  kDuration,      // span end minus start
  kServiceName,   // of the resource
  kResourceUrl,   //
  kScopeName,     //
  kScopeVersion,  //
  kScopeUrl,      //
  kAttributes,    // MAP of the record, resource or scope
  kCell,          // a list cell of the model
  kCollection,    //
  kPosition,      //
  kAttribute,     // one key of a MAP; added by the plan's rewrite, not part of the view
  kNothing,       // a row without values, for count(*)
};

// The layout of a list cell (model/cell.h).
enum class CellType : std::uint8_t {
  kNone,
  kEvents,
  kLinks,
  kUint64s,
  kDoubles,
  kQuantiles,
  kExemplars,
  kAttributes,
};

struct ViewColumn {
  std::string name;
  duckdb::LogicalType type;
  ViewSource source = ViewSource::kFixed;
  std::uint16_t fixed = 0;  // kFixed, kEnum, kBody, kValue, kDuration, kCell: the model's column
  AttributeScope scope = AttributeScope::kRecord;  // kAttributes, kAttribute
  std::string key;                                 // kAttribute
  CellType cell = CellType::kNone;
};

const std::vector<ViewColumn>& ViewColumns(model::Kind kind);
ViewColumn AttributeViewColumn(AttributeScope scope, const std::string& key);
CellType CellTypeOf(model::Kind kind, std::uint16_t fixed);

// The name behind a number of an enum column.
std::string_view EnumName(model::Kind kind, std::uint16_t fixed, std::uint8_t number);

// SQL type of a cell: as the view shows it, and as parts keep it (with attribute_types beside maps,
// ids as bytes, and exemplar values typed).
duckdb::LogicalType ViewCellType(CellType cell);
duckdb::LogicalType PartCellType(CellType cell);
duckdb::LogicalType TextMapType();

}  // namespace strata::duck
