#include "duck/rewrite.h"

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/check.h"
#include "duck/scan.h"
#include "duckdb/planner/expression/bound_columnref_expression.hpp"
#include "duckdb/planner/expression/bound_constant_expression.hpp"
#include "duckdb/planner/expression/bound_function_expression.hpp"
#include "duckdb/planner/expression_iterator.hpp"
#include "duckdb/planner/logical_operator_visitor.hpp"
#include "duckdb/planner/operator/logical_cteref.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "duckdb/planner/operator/logical_materialized_cte.hpp"
#include "duckdb/planner/operator/logical_projection.hpp"
#include "duckdb/planner/operator/logical_set_operation.hpp"

namespace strata::duck {
namespace {

using duckdb::ColumnBinding;
using duckdb::Expression;
using duckdb::ExpressionClass;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;

// The MAP column and the key of a lookup expression.
struct Lookup {
  ColumnBinding map;
  std::string key;
};

const duckdb::BoundFunctionExpression* AsFunction(const Expression& expression) {
  return expression.GetExpressionClass() == ExpressionClass::BOUND_FUNCTION
             ? &expression.Cast<duckdb::BoundFunctionExpression>()
             : nullptr;
}

const duckdb::Value* AsConstant(const Expression& expression) {
  return expression.GetExpressionClass() == ExpressionClass::BOUND_CONSTANT
             ? &expression.Cast<duckdb::BoundConstantExpression>().value
             : nullptr;
}

bool MatchMapAndKey(const duckdb::BoundFunctionExpression& function, Lookup& lookup) {
  if (function.children.size() != 2) return false;
  const Expression& map = *function.children[0];
  const duckdb::Value* key = AsConstant(*function.children[1]);
  if (map.GetExpressionClass() != ExpressionClass::BOUND_COLUMN_REF || key == nullptr) return false;
  const auto& reference = map.Cast<duckdb::BoundColumnRefExpression>();
  if (reference.depth != 0 || reference.return_type != TextMapType() || key->IsNull() ||
      key->type().id() != duckdb::LogicalTypeId::VARCHAR) {
    return false;
  }
  lookup = {.map = reference.binding, .key = duckdb::StringValue::Get(*key)};
  return true;
}

// map['k'], or map_extract(map, 'k')[1].
bool MatchLookup(const Expression& expression, Lookup& lookup) {
  const auto* function = AsFunction(expression);
  if (function == nullptr) return false;
  if (function->function.name == "map_extract_value") return MatchMapAndKey(*function, lookup);
  const bool element = function->function.name == "array_extract" ||
                       function->function.name == "list_extract" ||
                       function->function.name == "list_element";
  if (!element || function->children.size() != 2) return false;
  const auto* list = AsFunction(*function->children[0]);
  const duckdb::Value* index = AsConstant(*function->children[1]);
  if (list == nullptr || index == nullptr || index->IsNull() || index->ToString() != "1") {
    return false;
  }
  if (list->function.name != "map_extract" && list->function.name != "element_at") return false;
  return MatchMapAndKey(*list, lookup);
}

class Rewriter {
 public:
  explicit Rewriter(LogicalOperator& plan) { Collect(plan); }

  bool Walk(LogicalOperator& op) {
    duckdb::LogicalOperatorVisitor::EnumerateExpressions(
        op, [&](duckdb::unique_ptr<Expression>* expression) { Visit(op, *expression); });
    for (auto& child : op.children) Walk(*child);
    return changed_;
  }

 private:
  struct CommonTable {
    LogicalOperator* definition = nullptr;  // children[0] of the materialized CTE
    std::vector<duckdb::LogicalCTERef*> uses;
    // Columns that were added, by the MAP's index and the key.
    std::map<std::pair<duckdb::idx_t, std::string>, duckdb::idx_t> added;
  };

  void Collect(LogicalOperator& op) {
    if (op.type == LogicalOperatorType::LOGICAL_MATERIALIZED_CTE) {
      const auto& cte = op.Cast<duckdb::LogicalMaterializedCTE>();
      tables_[cte.table_index].definition = op.children[0].get();
    } else if (op.type == LogicalOperatorType::LOGICAL_CTE_REF) {
      auto& use = op.Cast<duckdb::LogicalCTERef>();
      tables_[use.cte_index].uses.push_back(&use);
    }
    for (auto& child : op.children) Collect(*child);
  }

  void Visit(LogicalOperator& op, duckdb::unique_ptr<Expression>& expression) {
    Lookup lookup;
    if (MatchLookup(*expression, lookup)) {
      for (auto& child : op.children) {
        if (!CanAdd(*child, lookup.map)) continue;
        const ColumnBinding added = Add(*child, lookup);
        auto alias =
            expression->GetAlias().empty() ? expression->GetName() : expression->GetAlias();
        expression = duckdb::make_uniq<duckdb::BoundColumnRefExpression>(
            std::move(alias), duckdb::LogicalType::VARCHAR, added);
        changed_ = true;
        return;
      }
    }
    duckdb::ExpressionIterator::EnumerateChildren(
        *expression, [&](duckdb::unique_ptr<Expression>& child) { Visit(op, child); });
  }

  static bool PassesColumnsOn(LogicalOperatorType type) {
    switch (type) {
      case LogicalOperatorType::LOGICAL_FILTER:
      case LogicalOperatorType::LOGICAL_LIMIT:
      case LogicalOperatorType::LOGICAL_ORDER_BY:
      case LogicalOperatorType::LOGICAL_TOP_N:
      case LogicalOperatorType::LOGICAL_SAMPLE:
      case LogicalOperatorType::LOGICAL_WINDOW:
      case LogicalOperatorType::LOGICAL_COMPARISON_JOIN:
      case LogicalOperatorType::LOGICAL_ANY_JOIN:
      case LogicalOperatorType::LOGICAL_ASOF_JOIN:
      case LogicalOperatorType::LOGICAL_DELIM_JOIN:
      case LogicalOperatorType::LOGICAL_CROSS_PRODUCT:
        return true;
      default:
        return false;
    }
  }

  // The operator whose last column a column added below `op` would become; nullptr: not known.
  static LogicalOperator* Appender(LogicalOperator& op) {
    switch (op.type) {
      case LogicalOperatorType::LOGICAL_PROJECTION:
      case LogicalOperatorType::LOGICAL_GET:
      case LogicalOperatorType::LOGICAL_UNION:
        return &op;
      case LogicalOperatorType::LOGICAL_FILTER:
      case LogicalOperatorType::LOGICAL_LIMIT:
      case LogicalOperatorType::LOGICAL_ORDER_BY:
      case LogicalOperatorType::LOGICAL_TOP_N:
        return Appender(*op.children[0]);
      default:
        return nullptr;
    }
  }

  // True when Add() will find the MAP of a scan behind `map`. Nothing is changed.
  bool CanAdd(LogicalOperator& op, const ColumnBinding& map) {
    switch (op.type) {
      case LogicalOperatorType::LOGICAL_GET: {
        auto& get = op.Cast<duckdb::LogicalGet>();
        if (get.table_index != map.table_index || !IsScanFunction(get.function.name)) return false;
        const auto& bind = get.bind_data->Cast<ScanBindData>();
        const auto column = get.GetColumnIds()[map.column_index].GetPrimaryIndex();
        return column < bind.columns.size() &&
               bind.columns[column].source == ViewSource::kAttributes;
      }
      case LogicalOperatorType::LOGICAL_PROJECTION: {
        auto& projection = op.Cast<duckdb::LogicalProjection>();
        if (projection.table_index != map.table_index) return false;
        const Expression& source = *projection.expressions[map.column_index];
        return source.GetExpressionClass() == ExpressionClass::BOUND_COLUMN_REF &&
               CanAdd(*op.children[0], source.Cast<duckdb::BoundColumnRefExpression>().binding);
      }
      case LogicalOperatorType::LOGICAL_UNION: {
        auto& all = op.Cast<duckdb::LogicalSetOperation>();
        return all.table_index == map.table_index && all.setop_all &&
               std::ranges::all_of(
                   op.children, [&](auto& child) { return CanAppend(*child, map.column_index); });
      }
      case LogicalOperatorType::LOGICAL_CTE_REF: {
        const auto& use = op.Cast<duckdb::LogicalCTERef>();
        if (use.table_index != map.table_index || use.is_recurring) return false;
        const CommonTable& table = tables_[use.cte_index];
        return table.definition != nullptr && CanAppend(*table.definition, map.column_index);
      }
      default:
        return PassesColumnsOn(op.type) &&
               std::ranges::any_of(op.children, [&](auto& child) { return CanAdd(*child, map); });
    }
  }

  // True when a lookup in the n-th column of `op` can be added as its last column.
  bool CanAppend(LogicalOperator& op, duckdb::idx_t column) {
    LogicalOperator* appender = Appender(op);
    const auto bindings = op.GetColumnBindings();
    return appender != nullptr && column < bindings.size() &&
           bindings.size() == appender->GetColumnBindings().size() && CanAdd(op, bindings[column]);
  }

  ColumnBinding Add(LogicalOperator& op, const Lookup& lookup) {
    switch (op.type) {
      case LogicalOperatorType::LOGICAL_GET:
        return AddToScan(op.Cast<duckdb::LogicalGet>(), lookup);
      case LogicalOperatorType::LOGICAL_PROJECTION: {
        auto& projection = op.Cast<duckdb::LogicalProjection>();
        const auto& source = projection.expressions[lookup.map.column_index]
                                 ->Cast<duckdb::BoundColumnRefExpression>();
        const ColumnBinding added =
            Add(*op.children[0], {.map = source.binding, .key = lookup.key});
        projection.expressions.push_back(duckdb::make_uniq<duckdb::BoundColumnRefExpression>(
            duckdb::LogicalType::VARCHAR, added));
        return {projection.table_index, projection.expressions.size() - 1};
      }
      case LogicalOperatorType::LOGICAL_UNION: {
        auto& all = op.Cast<duckdb::LogicalSetOperation>();
        for (auto& child : op.children) Append(*child, lookup);
        return {all.table_index, all.column_count++};
      }
      case LogicalOperatorType::LOGICAL_CTE_REF:
        return AddToCommonTable(op.Cast<duckdb::LogicalCTERef>(), lookup);
      default:
        for (auto& child : op.children) {
          if (CanAdd(*child, lookup.map)) return Add(*child, lookup);
        }
    }
    CHECK(false);
  }

  void Append(LogicalOperator& op, const Lookup& lookup) {
    const std::size_t before = op.GetColumnBindings().size();
    const ColumnBinding map = op.GetColumnBindings()[lookup.map.column_index];
    // A scan or union may have the column already, not as the last one: then it is added once more.
    appending_ = true;
    const ColumnBinding added = Add(op, {.map = map, .key = lookup.key});
    appending_ = false;
    const auto bindings = op.GetColumnBindings();
    CHECK(bindings.size() == before + 1 && bindings.back() == added);
  }

  ColumnBinding AddToScan(duckdb::LogicalGet& get, const Lookup& lookup) {
    auto& bind = get.bind_data->Cast<ScanBindData>();
    const auto map = get.GetColumnIds()[lookup.map.column_index].GetPrimaryIndex();
    const std::size_t column = bind.AttributeColumn(bind.columns[map].scope, lookup.key);
    if (column == get.names.size()) {
      get.names.push_back(bind.columns[column].name);
      get.returned_types.push_back(bind.columns[column].type);
    }
    const auto& ids = get.GetColumnIds();
    for (duckdb::idx_t i = 0; i < ids.size() && !appending_; ++i) {
      if (ids[i].GetPrimaryIndex() == column) return {get.table_index, i};
    }
    get.AddColumnId(column);
    return {get.table_index, get.GetColumnIds().size() - 1};
  }

  ColumnBinding AddToCommonTable(duckdb::LogicalCTERef& use, const Lookup& lookup) {
    CommonTable& table = tables_[use.cte_index];
    const auto key = std::make_pair(lookup.map.column_index, lookup.key);
    auto found = table.added.find(key);
    if (found == table.added.end() || appending_) {
      const bool outer = appending_;
      Append(*table.definition, lookup);
      appending_ = outer;
      for (auto* each : table.uses) {
        each->chunk_types.push_back(duckdb::LogicalType::VARCHAR);
        each->bound_columns.push_back(lookup.key);
      }
      found = table.added.insert_or_assign(key, use.chunk_types.size() - 1).first;
    }
    return {use.table_index, found->second};
  }

  std::map<duckdb::idx_t, CommonTable> tables_;
  bool changed_ = false;
  bool appending_ = false;
};

}  // namespace

void RewriteAttributes(LogicalOperator& plan) {
  if (Rewriter(plan).Walk(plan)) plan.ResolveOperatorTypes();
}

}  // namespace strata::duck
