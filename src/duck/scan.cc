#include "duck/scan.h"

#include <algorithm>
#include <mutex>

#include "base/check.h"
#include "duck/hot_scan.h"
#include "duck/part_scan.h"
#include "duck/scan_plan.h"
#include "duck/statement_state.h"
#include "duckdb/storage/statistics/node_statistics.hpp"

namespace strata::duck {
namespace {

using duckdb::idx_t;

// Chunks of a block that a thread takes at a time.
constexpr std::uint32_t kChunksPerUnit = 8;

template <model::Kind kKind>
duckdb::unique_ptr<duckdb::FunctionData> Bind(duckdb::ClientContext&,
                                              duckdb::TableFunctionBindInput&,
                                              duckdb::vector<duckdb::LogicalType>& types,
                                              duckdb::vector<duckdb::string>& names) {
  auto data = duckdb::make_uniq<ScanBindData>();
  data->kind = kKind;
  data->columns = ViewColumns(kKind);
  for (const ViewColumn& column : data->columns) {
    types.push_back(column.type);
    names.push_back(column.name);
  }
  return data;
}

// True when no row of the collection can pass the filters on the collection's name.
bool CollectionExcluded(duckdb::ClientContext& context, const ScanPlan& plan,
                        const CollectionSlice& slice) {
  for (const ScanFilter& filter : plan.filters) {
    if (plan.columns[filter.column].source != ViewSource::kCollection) continue;
    duckdb::Vector name{duckdb::Value(slice.collection)};
    duckdb::SelectionVector selected;
    if (FilterEvaluator(context, *filter.filter).Select(name, 1, selected) == 0) return true;
  }
  return false;
}

struct GlobalState : duckdb::GlobalTableFunctionState {
  std::shared_ptr<const Snapshot> snapshot;
  ScanPlan plan;
  std::mutex mutex;
  std::vector<HotUnit> hot;
  std::size_t next_hot = 0;
  std::unique_ptr<PartQueue> parts;

  idx_t MaxThreads() const override { return hot.size() + parts->EstimatedGroups(); }
};

struct LocalState : duckdb::LocalTableFunctionState {
  LocalState(duckdb::ClientContext& context, const ScanPlan& plan)
      : hot(context, plan), part(context, plan) {}
  HotScan hot;
  PartScan part;
  enum class At : std::uint8_t { kNothing, kHot, kPart } at = At::kNothing;
};

ScanPlan MakePlan(const ScanBindData& bind, const duckdb::TableFunctionInitInput& input) {
  ScanPlan plan;
  plan.kind = bind.kind;
  for (const auto id : input.column_ids) {
    if (id < bind.columns.size()) {
      plan.columns.push_back(bind.columns[id]);
    } else {
      plan.columns.push_back({.name = {},
                              .type = duckdb::LogicalType::BOOLEAN,
                              .source = ViewSource::kNothing,
                              .key = {}});
    }
  }
  if (input.projection_ids.empty()) {
    for (std::size_t i = 0; i < plan.columns.size(); ++i) plan.output.push_back(i);
  } else {
    plan.output.assign(input.projection_ids.begin(), input.projection_ids.end());
  }
  if (input.filters) {
    for (const auto& [column, filter] : input.filters->filters) {
      FlattenFilter(column, *filter, plan.filters);
    }
  }
  return plan;
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> InitGlobal(
    duckdb::ClientContext& context, duckdb::TableFunctionInitInput& input) {
  auto global = duckdb::make_uniq<GlobalState>();
  StatementState& statement = StatementState::Of(context);
  const auto& bind = input.bind_data->Cast<ScanBindData>();
  global->plan = MakePlan(bind, input);
  global->snapshot = statement.snapshot;
  global->parts = std::make_unique<PartQueue>(context, global->plan);
  if (global->snapshot == nullptr) return global;
  const auto found = global->snapshot->kinds.find(bind.kind);
  if (found == global->snapshot->kinds.end()) return global;
  for (const CollectionSlice& slice : found->second) {
    if (CollectionExcluded(context, global->plan, slice)) continue;
    for (const model::BlockSlice& block : slice.hot) {
      if (block.empty()) continue;
      const std::uint32_t end = (block.end_row() + model::kChunkRows - 1) / model::kChunkRows;
      for (std::uint32_t at = block.begin_row() / model::kChunkRows; at < end;
           at += kChunksPerUnit) {
        global->hot.push_back({.collection = &slice.collection,
                               .slice = &block,
                               .first_chunk = at,
                               .last_chunk = std::min(end, at + kChunksPerUnit)});
      }
    }
    for (const PartRef& part : slice.parts) global->parts->Add(slice.collection, part);
    for (const MissingRows& rows : slice.missing) global->parts->AddMissing(rows);
  }
  if (!global->hot.empty()) statement.read_hot.store(true, std::memory_order_relaxed);
  return global;
}

duckdb::unique_ptr<duckdb::LocalTableFunctionState> InitLocal(
    duckdb::ExecutionContext& context, duckdb::TableFunctionInitInput&,
    duckdb::GlobalTableFunctionState* global) {
  return duckdb::make_uniq<LocalState>(context.client, global->Cast<GlobalState>().plan);
}

// Gives the thread its next unit of work; false: none is left.
bool NextUnit(GlobalState& global, LocalState& local) {
  {
    const std::lock_guard lock(global.mutex);
    if (global.next_hot < global.hot.size()) {
      local.hot.Start(global.hot[global.next_hot++]);
      local.at = LocalState::At::kHot;
      return true;
    }
  }
  PartUnit unit;
  if (!global.parts->Take(unit)) return false;
  local.part.Start(std::move(unit));
  local.at = LocalState::At::kPart;
  return true;
}

void Scan(duckdb::ClientContext&, duckdb::TableFunctionInput& input, duckdb::DataChunk& out) {
  auto& global = input.global_state->Cast<GlobalState>();
  auto& local = input.local_state->Cast<LocalState>();
  for (;;) {
    if (local.at == LocalState::At::kHot && local.hot.Next(out)) return;
    if (local.at == LocalState::At::kPart && local.part.Next(out)) return;
    if (!NextUnit(global, local)) {
      out.SetCardinality(0);
      return;
    }
  }
}

duckdb::unique_ptr<duckdb::NodeStatistics> Cardinality(duckdb::ClientContext& context,
                                                       const duckdb::FunctionData* data) {
  idx_t rows = 0;
  const auto& snapshot = StatementState::Of(context).snapshot;
  if (snapshot != nullptr) {
    const auto found = snapshot->kinds.find(data->Cast<ScanBindData>().kind);
    if (found != snapshot->kinds.end()) {
      for (const CollectionSlice& slice : found->second) {
        for (const auto& block : slice.hot) {
          if (!block.empty()) rows += block.end_row() - block.begin_row();
        }
        for (const auto& part : slice.parts) rows += part.info->rows;
      }
    }
  }
  return duckdb::make_uniq<duckdb::NodeStatistics>(rows, rows);
}

duckdb::virtual_column_map_t VirtualColumns(duckdb::ClientContext&,
                                            duckdb::optional_ptr<duckdb::FunctionData>) {
  duckdb::virtual_column_map_t columns;
  columns.insert(
      {duckdb::COLUMN_IDENTIFIER_EMPTY, duckdb::TableColumn("", duckdb::LogicalType::BOOLEAN)});
  return columns;
}

template <model::Kind kKind>
duckdb::TableFunction Make() {
  return {ScanFunctionName(kKind), {}, Scan, Bind<kKind>, InitGlobal, InitLocal};
}

}  // namespace

std::size_t ScanBindData::AttributeColumn(AttributeScope scope, const std::string& key) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const ViewColumn& column = columns[i];
    if (column.source == ViewSource::kAttribute && column.scope == scope && column.key == key) {
      return i;
    }
  }
  columns.push_back(AttributeViewColumn(scope, key));
  return columns.size() - 1;
}

duckdb::unique_ptr<duckdb::FunctionData> ScanBindData::Copy() const {
  auto copy = duckdb::make_uniq<ScanBindData>();
  copy->kind = kind;
  copy->columns = columns;
  return copy;
}

bool ScanBindData::Equals(const duckdb::FunctionData& other) const {
  const auto& that = other.Cast<ScanBindData>();
  return kind == that.kind &&
         std::ranges::equal(columns, that.columns, {}, &ViewColumn::name, &ViewColumn::name);
}

std::string ScanFunctionName(model::Kind kind) {
  return "strata_" + std::string(model::KindName(kind));
}

bool IsScanFunction(const std::string& name) {
  return std::ranges::any_of(model::kKinds,
                             [&](model::Kind kind) { return ScanFunctionName(kind) == name; });
}

duckdb::TableFunction ScanFunction(model::Kind kind, bool filters_pushed) {
  duckdb::TableFunction function = kind == model::Kind::kLogs    ? Make<model::Kind::kLogs>()
                                   : kind == model::Kind::kSpans ? Make<model::Kind::kSpans>()
                                                                 : Make<model::Kind::kMetrics>();
  function.projection_pushdown = true;
  function.filter_pushdown = filters_pushed;
  function.filter_prune = filters_pushed;
  function.cardinality = Cardinality;
  function.get_virtual_columns = VirtualColumns;
  return function;
}

}  // namespace strata::duck
