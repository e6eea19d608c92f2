// The table functions strata_logs(), strata_spans() and strata_metrics(), which the views are made
// of. Internal to module duck.
#pragma once

#include <string>
#include <vector>

#include "duck/view.h"
#include "duckdb/function/table_function.hpp"
#include "model/kind.h"

namespace strata::duck {

// What a bound scan is: the view's columns, then those that the plan's rewrite added.
struct ScanBindData : duckdb::TableFunctionData {
  model::Kind kind = model::Kind::kLogs;
  std::vector<ViewColumn> columns;

  // The index of the column of one attribute key, added if it is new.
  std::size_t AttributeColumn(AttributeScope scope, const std::string& key);

  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override;
  bool Equals(const duckdb::FunctionData& other) const override;
};

std::string ScanFunctionName(model::Kind kind);
bool IsScanFunction(const std::string& name);
duckdb::TableFunction ScanFunction(model::Kind kind, bool filters_pushed);

}  // namespace strata::duck
