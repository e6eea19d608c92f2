#include "duck/fence.h"

#include <set>
#include <string>

#include "duck/scan.h"
#include "duckdb/common/exception.hpp"
#include "duckdb/parser/statement/explain_statement.hpp"
#include "duckdb/planner/operator/logical_get.hpp"

namespace strata::duck {
namespace {

using duckdb::LogicalOperatorType;

bool MayBeInPlan(LogicalOperatorType type) {
  switch (type) {
    case LogicalOperatorType::LOGICAL_PROJECTION:
    case LogicalOperatorType::LOGICAL_FILTER:
    case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY:
    case LogicalOperatorType::LOGICAL_WINDOW:
    case LogicalOperatorType::LOGICAL_UNNEST:
    case LogicalOperatorType::LOGICAL_LIMIT:
    case LogicalOperatorType::LOGICAL_ORDER_BY:
    case LogicalOperatorType::LOGICAL_TOP_N:
    case LogicalOperatorType::LOGICAL_DISTINCT:
    case LogicalOperatorType::LOGICAL_SAMPLE:
    case LogicalOperatorType::LOGICAL_PIVOT:
    case LogicalOperatorType::LOGICAL_GET:  // its function is looked at
    case LogicalOperatorType::LOGICAL_CHUNK_GET:
    case LogicalOperatorType::LOGICAL_DELIM_GET:
    case LogicalOperatorType::LOGICAL_EXPRESSION_GET:
    case LogicalOperatorType::LOGICAL_DUMMY_SCAN:
    case LogicalOperatorType::LOGICAL_EMPTY_RESULT:
    case LogicalOperatorType::LOGICAL_CTE_REF:
    case LogicalOperatorType::LOGICAL_JOIN:
    case LogicalOperatorType::LOGICAL_DELIM_JOIN:
    case LogicalOperatorType::LOGICAL_COMPARISON_JOIN:
    case LogicalOperatorType::LOGICAL_ANY_JOIN:
    case LogicalOperatorType::LOGICAL_CROSS_PRODUCT:
    case LogicalOperatorType::LOGICAL_POSITIONAL_JOIN:
    case LogicalOperatorType::LOGICAL_ASOF_JOIN:
    case LogicalOperatorType::LOGICAL_DEPENDENT_JOIN:
    case LogicalOperatorType::LOGICAL_UNION:
    case LogicalOperatorType::LOGICAL_EXCEPT:
    case LogicalOperatorType::LOGICAL_INTERSECT:
    case LogicalOperatorType::LOGICAL_RECURSIVE_CTE:
    case LogicalOperatorType::LOGICAL_MATERIALIZED_CTE:
    case LogicalOperatorType::LOGICAL_EXPLAIN:
      return true;
    default:
      return false;
  }
}

// Table functions that read nothing but their arguments, or the instance's catalog, which holds our
// views and what DuckDB brings along.
bool MayBeCalled(const std::string& function) {
  static const std::set<std::string> kAllowed = {
      "range",         "generate_series",  "unnest",          "repeat_row",
      "repeat",        "json_each",        "json_tree",       "summary",
      "duckdb_tables", "duckdb_views",     "duckdb_columns",  "duckdb_schemas",
      "duckdb_types",  "duckdb_functions", "duckdb_keywords", "pg_timezone_names"};
  return IsScanFunction(function) || kAllowed.contains(function);
}

}  // namespace

void CheckStatement(const duckdb::SQLStatement& statement) {
  switch (statement.type) {
    case duckdb::StatementType::SELECT_STATEMENT:
      return;
    case duckdb::StatementType::EXPLAIN_STATEMENT:
      return CheckStatement(*statement.Cast<duckdb::ExplainStatement>().stmt);
    default:
      throw duckdb::PermissionException(
          "only statements that read are allowed: SELECT, WITH, VALUES, DESCRIBE, SHOW, SUMMARIZE, "
          "EXPLAIN");
  }
}

void CheckPlan(const duckdb::LogicalOperator& plan) {
  if (!MayBeInPlan(plan.type)) {
    throw duckdb::PermissionException("the statement may not contain %s",
                                      duckdb::LogicalOperatorToString(plan.type));
  }
  if (plan.type == LogicalOperatorType::LOGICAL_GET) {
    const auto& name = plan.Cast<duckdb::LogicalGet>().function.name;
    if (!MayBeCalled(name)) {
      throw duckdb::PermissionException("table function %s may not be used", name);
    }
  }
  for (const auto& child : plan.children) CheckPlan(*child);
}

}  // namespace strata::duck
