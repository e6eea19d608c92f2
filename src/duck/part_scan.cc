#include "duck/part_scan.h"

#include <algorithm>

#include "duck/open_part.h"
#include "duck/statement_state.h"
#include "model/schema.h"

namespace strata::duck {

using duckdb::idx_t;

PartQueue::PartQueue(duckdb::ClientContext& context, const ScanPlan& plan)
    : context_(context), plan_(plan) {}
PartQueue::~PartQueue() = default;

bool PartQueue::Excluded(const Extent& rows) const {
  return std::ranges::any_of(plan_.filters, [&](const ScanFilter& filter) {
    const ViewColumn& view = plan_.columns[filter.column];
    if (view.source == ViewSource::kPosition) {
      return ExcludesRange(*filter.filter, view.type, duckdb::Value::UBIGINT(rows.min_position),
                           duckdb::Value::UBIGINT(rows.max_position));
    }
    if (view.source != ViewSource::kFixed || view.fixed != model::TimeColumn(plan_.kind)) {
      return false;
    }
    if (rows.min_time > rows.max_time) {  // no row has a time
      return filter.filter->filter_type == duckdb::TableFilterType::CONSTANT_COMPARISON;
    }
    return ExcludesRange(*filter.filter, view.type,
                         duckdb::Value::TIMESTAMPNS(duckdb::timestamp_ns_t(rows.min_time)),
                         duckdb::Value::TIMESTAMPNS(duckdb::timestamp_ns_t(rows.max_time)));
  });
}

void PartQueue::Add(const std::string& collection, const PartRef& part) {
  const PartInfo& info = *part.info;
  if (Excluded({info.min_position, info.max_position, info.min_time, info.max_time})) return;
  waiting_.push_back({&collection, &part});
  groups_ += info.rows / 100'000 + 1;
}

void PartQueue::AddMissing(const MissingRows& rows) {
  if (Excluded({rows.min_position, rows.max_position, rows.min_time, rows.max_time})) return;
  StatementState::Of(context_).NoteMissing(rows);
}

bool PartQueue::Take(PartUnit& unit) {
  const std::lock_guard lock(mutex_);
  while (open_ == nullptr || next_group_ == open_->groups().size()) {
    open_.reset();
    if (waiting_.empty()) return false;
    const Waiting next = waiting_.front();
    waiting_.pop_front();
    open_ = std::make_shared<OpenPart>(context_, plan_, *next.collection, *next.part);
    next_group_ = 0;
  }
  unit = {.part = open_, .group = open_->groups()[next_group_++]};
  return true;
}

struct PartScan::Reading {
  PartUnit unit;
  duckdb::ParquetReaderScanState state;
  duckdb::DataChunk raw;
};

PartScan::PartScan(duckdb::ClientContext& context, const ScanPlan& plan)
    : context_(context), plan_(plan) {
  for (const ScanFilter& filter : plan.filters) evaluators_.emplace_back(context, *filter.filter);
}
PartScan::~PartScan() = default;

void PartScan::Start(PartUnit unit) {
  const bool same_part = reading_ != nullptr && reading_->unit.part == unit.part;
  if (!same_part) {
    reading_ = std::make_unique<Reading>();
    reading_->raw.Initialize(context_, unit.part->types());
  }
  reading_->unit = std::move(unit);
  reading_->unit.part->reader().InitializeScan(context_, reading_->state, {reading_->unit.group});
}

bool PartScan::Next(duckdb::DataChunk& out) {
  const OpenPart& part = *reading_->unit.part;
  duckdb::DataChunk& raw = reading_->raw;
  for (;;) {
    raw.Reset();
    reading_->unit.part->reader().Scan(context_, reading_->state, raw);
    if (raw.size() == 0) return false;
    for (const std::size_t index : part.filters_left()) {
      const std::size_t column = plan_.filters[index].column;
      duckdb::Vector values(plan_.columns[column].type);
      part.Convert(column, raw, values);
      duckdb::SelectionVector selected;
      const idx_t count = evaluators_[index].Select(values, raw.size(), selected);
      if (count == raw.size()) continue;
      raw.SetCardinality(count);
      if (count == 0) break;
      raw.Slice(selected, count);
    }
    if (raw.size() == 0) continue;
    for (std::size_t i = 0; i < plan_.output.size(); ++i) {
      part.Convert(plan_.output[i], raw, out.data[i]);
    }
    out.SetCardinality(raw.size());
    return true;
  }
}

}  // namespace strata::duck
