// Rewrite: turns attributes['k'] (and resource_attributes['k'], scope_attributes['k']) of a bound
// plan into a column of the scan, so that only that key is read. Internal to module duck.
#pragma once

#include "duckdb/planner/logical_operator.hpp"

namespace strata::duck {

// Through projections, filters, orders, limits, joins, windows, unions and common table
// expressions. Where a MAP travels otherwise (grouped by, aggregated, made distinct), the
// expression stays and reads the whole MAP. Requires: the plan is bound and not yet optimized.
void RewriteAttributes(duckdb::LogicalOperator& plan);

}  // namespace strata::duck
