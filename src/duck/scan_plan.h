// What one scan of a view reads: columns, which of them leave the scan, and filters. Internal to
// module duck.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "duck/snapshot.h"
#include "duck/view.h"
#include "duckdb/common/types/selection_vector.hpp"
#include "duckdb/common/types/vector.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/planner/table_filter.hpp"
#include "duckdb/planner/table_filter_state.hpp"

namespace strata::duck {

// One filter on one column; a conjunction is several of them. Optional filters are left out.
struct ScanFilter {
  std::size_t column = 0;  // index into ScanPlan::columns
  const duckdb::TableFilter* filter = nullptr;
};

struct ScanPlan {
  model::Kind kind = model::Kind::kLogs;
  std::vector<ViewColumn> columns;
  std::vector<std::size_t>
      output;  // indexes into columns, in the order of the chunk that is filled
  std::vector<ScanFilter> filters;
};

// Adds `filter`, taken apart, to `filters`.
void FlattenFilter(std::size_t column, const duckdb::TableFilter& filter,
                   std::vector<ScanFilter>& filters);

// Evaluates one filter with DuckDB's own code. One thread.
class FilterEvaluator {
 public:
  FilterEvaluator(duckdb::ClientContext& context, const duckdb::TableFilter& filter);
  // Rows of `vector` that pass, ascending, in `selected`; returns how many. Requires: count is at
  // most STANDARD_VECTOR_SIZE.
  duckdb::idx_t Select(duckdb::Vector& vector, duckdb::idx_t count,
                       duckdb::SelectionVector& selected);
  // One byte per entry of a dictionary of any size: 1 where it passes.
  std::vector<std::uint8_t> PassTable(duckdb::Vector& dictionary, duckdb::idx_t size);

 private:
  const duckdb::TableFilter& filter_;
  std::unique_ptr<duckdb::TableFilterState> state_;
  // Of a disjunction: DuckDB's own evaluation is quadratic and returns rows out of order.
  std::vector<std::unique_ptr<FilterEvaluator>> alternatives_;
};

// True when the filter can never pass for values in [min, max]; nothing is said about NULLs, which
// comparisons never pass.
bool ExcludesRange(const duckdb::TableFilter& filter, const duckdb::LogicalType& type,
                   const duckdb::Value& min, const duckdb::Value& max);

// The constants of `column = c` or `column IN (c, …)`, as text; empty when the filter is of another
// form.
std::vector<std::string> EqualityTexts(const duckdb::TableFilter& filter);

}  // namespace strata::duck
