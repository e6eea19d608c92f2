// Fence: which statements may run and what their plans may read. Internal to module duck.
#pragma once

#include "duckdb/parser/sql_statement.hpp"
#include "duckdb/planner/logical_operator.hpp"

namespace strata::duck {

// Throws duckdb::PermissionException unless the statement is SELECT, WITH, VALUES, DESCRIBE, SHOW,
// SUMMARIZE or an EXPLAIN of one.
void CheckStatement(const duckdb::SQLStatement& statement);

// Throws duckdb::PermissionException unless every operator of the bound plan is one that only
// reads, and every table function in it one of ours or harmless.
void CheckPlan(const duckdb::LogicalOperator& plan);

}  // namespace strata::duck
