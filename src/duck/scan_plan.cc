#include "duck/scan_plan.h"

#include <algorithm>

#include "duckdb/planner/filter/conjunction_filter.hpp"
#include "duckdb/planner/filter/constant_filter.hpp"
#include "duckdb/planner/filter/in_filter.hpp"
#include "duckdb/storage/statistics/numeric_stats.hpp"
#include "duckdb/storage/table/column_segment.hpp"

namespace strata::duck {

using duckdb::idx_t;
using duckdb::TableFilterType;

void FlattenFilter(std::size_t column, const duckdb::TableFilter& filter,
                   std::vector<ScanFilter>& filters) {
  switch (filter.filter_type) {
    case TableFilterType::OPTIONAL_FILTER:
    case TableFilterType::DYNAMIC_FILTER:
      return;
    case TableFilterType::CONJUNCTION_AND:
      for (const auto& child : filter.Cast<duckdb::ConjunctionAndFilter>().child_filters) {
        FlattenFilter(column, *child, filters);
      }
      return;
    default:
      filters.push_back({.column = column, .filter = &filter});
  }
}

FilterEvaluator::FilterEvaluator(duckdb::ClientContext& context, const duckdb::TableFilter& filter)
    : filter_(filter), state_(duckdb::TableFilterState::Initialize(context, filter)) {
  if (filter.filter_type != TableFilterType::CONJUNCTION_OR) return;
  for (const auto& child : filter.Cast<duckdb::ConjunctionOrFilter>().child_filters) {
    alternatives_.push_back(std::make_unique<FilterEvaluator>(context, *child));
  }
}

idx_t FilterEvaluator::Select(duckdb::Vector& vector, idx_t count,
                              duckdb::SelectionVector& selected) {
  if (!alternatives_.empty()) {
    std::vector<std::uint8_t> pass(count, 0);
    for (const auto& alternative : alternatives_) {
      duckdb::SelectionVector some;
      const idx_t passed = alternative->Select(vector, count, some);
      for (idx_t i = 0; i < passed; ++i) pass[some.get_index(i)] = 1;
    }
    selected.Initialize(count);
    idx_t total = 0;
    for (idx_t i = 0; i < count; ++i) {
      selected.set_index(total, i);
      total += pass[i];
    }
    return total;
  }
  duckdb::UnifiedVectorFormat format;
  vector.ToUnifiedFormat(count, format);
  idx_t passed = count;
  selected.Initialize(nullptr);
  return duckdb::ColumnSegment::FilterSelection(selected, vector, format, filter_, *state_, count,
                                                passed);
}

std::vector<std::uint8_t> FilterEvaluator::PassTable(duckdb::Vector& dictionary, idx_t size) {
  std::vector<std::uint8_t> pass(size, 0);
  for (idx_t begin = 0; begin < size; begin += STANDARD_VECTOR_SIZE) {
    const idx_t end = std::min<idx_t>(size, begin + STANDARD_VECTOR_SIZE);
    duckdb::Vector slice(dictionary, begin, end);
    duckdb::SelectionVector selected;
    const idx_t passed = Select(slice, end - begin, selected);
    for (idx_t i = 0; i < passed; ++i) pass[begin + selected.get_index(i)] = 1;
  }
  return pass;
}

bool ExcludesRange(const duckdb::TableFilter& filter, const duckdb::LogicalType& type,
                   const duckdb::Value& min, const duckdb::Value& max) {
  switch (filter.filter_type) {
    case TableFilterType::CONSTANT_COMPARISON:
    case TableFilterType::IN_FILTER:
    case TableFilterType::CONJUNCTION_OR:
      break;
    default:
      return false;
  }
  auto stats = duckdb::NumericStats::CreateEmpty(type);
  duckdb::NumericStats::SetMin(stats, min);
  duckdb::NumericStats::SetMax(stats, max);
  stats.SetHasNull();
  stats.SetHasNoNull();
  return filter.CheckStatistics(stats) == duckdb::FilterPropagateResult::FILTER_ALWAYS_FALSE;
}

std::vector<std::string> EqualityTexts(const duckdb::TableFilter& filter) {
  std::vector<std::string> texts;
  const auto add = [&](const duckdb::Value& value) {
    if (!value.IsNull() && value.type().id() == duckdb::LogicalTypeId::VARCHAR) {
      texts.push_back(duckdb::StringValue::Get(value));
    }
  };
  if (filter.filter_type == TableFilterType::CONSTANT_COMPARISON) {
    const auto& comparison = filter.Cast<duckdb::ConstantFilter>();
    if (comparison.comparison_type == duckdb::ExpressionType::COMPARE_EQUAL) {
      add(comparison.constant);
    }
  } else if (filter.filter_type == TableFilterType::IN_FILTER) {
    const auto& in = filter.Cast<duckdb::InFilter>();
    for (const auto& value : in.values) add(value);
    if (texts.size() != in.values.size()) texts.clear();
  }
  return texts;
}

}  // namespace strata::duck
