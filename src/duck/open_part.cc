#include "duck/open_part.h"

#include <algorithm>

#include "base/check.h"
#include "duck/hex.h"
#include "duck/nested.h"
#include "duck/part_file_system.h"
#include "duck/part_metadata.h"
#include "duck/plain_json.h"
#include "duck/statement_state.h"
#include "duckdb/common/exception.hpp"
#include "duckdb/planner/filter/conjunction_filter.hpp"
#include "duckdb/planner/filter/constant_filter.hpp"
#include "duckdb/planner/filter/optional_filter.hpp"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::TableFilterType;
using Metadata = duckdb::shared_ptr<duckdb::ParquetFileMetadataCache>;

const char* PartName(ViewSource source) {
  switch (source) {
    case ViewSource::kServiceName:
      return "service_name";
    case ViewSource::kResourceUrl:
      return "resource_schema_url";
    case ViewSource::kScopeName:
      return "scope_name";
    case ViewSource::kScopeVersion:
      return "scope_version";
    case ViewSource::kScopeUrl:
      return "scope_schema_url";
    case ViewSource::kPosition:
      return "position";
    default:
      return nullptr;
  }
}

bool IsId(model::Kind kind, const ViewColumn& view) {
  if (view.source != ViewSource::kFixed) return false;
  const auto type = model::FixedColumns(kind)[view.fixed].type;
  return type == model::ColumnType::kId16 || type == model::ColumnType::kId8;
}

std::string NameOf(model::Kind kind, std::uint16_t fixed) {
  return std::string(model::FixedColumns(kind)[fixed].name);
}

std::string RestName(AttributeScope scope) {
  return scope == AttributeScope::kRecord     ? "attributes_rest"
         : scope == AttributeScope::kResource ? "resource_attributes_rest"
                                              : "scope_attributes_rest";
}

[[noreturn]] void ThrowDamaged(duckdb::ClientContext& context, const std::string& path,
                               const std::string& what) {
  StatementState::Of(context).NoteDamaged(path);
  throw duckdb::IOException("part " + path + ": " + what);
}

}  // namespace

OpenPart::OpenPart(duckdb::ClientContext& context, const ScanPlan& plan,
                   const std::string& collection, const PartRef& part)
    : plan_(plan), collection_(collection), part_(part), sources_(plan.columns.size()) {
  Open(context);
  for (std::size_t i = 0; i < plan.columns.size(); ++i) Bind(i);
  for (std::size_t i = 0; i < plan.filters.size() && !excluded_; ++i) PushFilter(context, i);
  if (excluded_) return;
  if (types_.empty()) {
    // Only rows are counted: any column tells how many there are.
    CHECK(Read("position") || Read(part.info->columns.empty() ? "" : part.info->columns[0].name));
  }
  if (traces_wanted_ && !cached_->filter_loaded) {
    auto with_filter = std::make_shared<CachedPart>(*cached_);
    StatementState& statement = StatementState::Of(context);
    with_filter->filter = LoadFilter(*statement.files, part);
    with_filter->filter_loaded = true;
    if (with_filter->filter != nullptr) with_filter->bytes += with_filter->filter->bytes();
    cached_ = with_filter;
    statement.cache->Put(part.path, cached_);
  }
  ChooseGroups();
}

void OpenPart::Open(duckdb::ClientContext& context) {
  StatementState& statement = StatementState::Of(context);
  cached_ = statement.cache->Find(part_.path);
  Metadata footer;
  if (cached_ != nullptr) footer = *static_cast<Metadata*>(cached_->footer.get());
  reader_ = duckdb::make_shared_ptr<duckdb::ParquetReader>(
      context, duckdb::OpenFileInfo(kPartScheme + part_.path), duckdb::ParquetOptions(context),
      footer);
  if (cached_ == nullptr) Cache(context);
  for (idx_t i = 0; i < reader_->columns.size(); ++i) {
    column_by_name_[reader_->columns[i].name] = i;
  }
  statement.read_parts.store(true, std::memory_order_relaxed);
}

void OpenPart::Cache(duckdb::ClientContext& context) {
  auto metadata = ReadPartMetadata(*reader_->GetFileMetadata());
  if (!metadata) {
    const Error& why = metadata.error();
    if (why.code == Code::kCorrupt) ThrowDamaged(context, part_.path, why.message);
    throw duckdb::IOException("part " + part_.path + ": " + why.message);
  }
  auto cached = std::make_shared<CachedPart>();
  cached->footer = std::make_shared<Metadata>(reader_->metadata);
  cached->columns = std::move(metadata->columns);
  std::ranges::stable_sort(cached->columns, {}, &PartColumn::key);
  cached->rest_keys = std::move(metadata->rest_keys);
  // Thrift's structures take several times the bytes of the footer.
  cached->bytes = reader_->metadata->footer_size * 8 + sizeof(CachedPart);
  cached_ = cached;
  StatementState::Of(context).cache->Put(part_.path, cached_);
}

std::optional<OpenPart::Local> OpenPart::Read(const std::string& name) {
  if (const auto local = local_by_name_.find(name); local != local_by_name_.end()) {
    return local->second;
  }
  const auto column = column_by_name_.find(name);
  if (column == column_by_name_.end()) return std::nullopt;
  const Local local = types_.size();
  types_.push_back(reader_->columns[column->second].type);
  reader_->column_ids.push_back(duckdb::MultiFileLocalColumnId(column->second));
  reader_->column_indexes.emplace_back(column->second);
  local_by_name_[name] = local;
  return local;
}

void OpenPart::Bind(std::size_t index) {
  const ViewColumn& view = plan_.columns[index];
  Source& source = sources_[index];
  const auto read = [&](std::uint16_t fixed) {
    const auto local = Read(NameOf(plan_.kind, fixed));
    if (local) source.columns.push_back(*local);
    return local.has_value();
  };
  switch (view.source) {
    case ViewSource::kFixed:
    case ViewSource::kEnum:
      source.has_default = !read(view.fixed);
      break;
    case ViewSource::kBody:
      source.has_default = !read(model::kLogBody);
      if (!source.has_default) read(model::kLogBodyType);
      break;
    case ViewSource::kValue: {
      const bool number = read(model::kMetricValue);
      const bool integer = read(model::kMetricValueInt);
      source.has_default = !number && !integer;
      break;
    }
    case ViewSource::kDuration: {
      const bool start = read(model::kSpanStartTime);
      const bool end = read(model::kSpanEndTime);
      source.has_default = !start || !end;
      break;
    }
    case ViewSource::kCell:
      source.has_default = !read(view.fixed);
      break;
    case ViewSource::kAttribute:
    case ViewSource::kAttributes:
      BindAttributes(view, source);
      return;
    case ViewSource::kCollection:
    case ViewSource::kNothing:
      source.has_default = true;
      return;
    default: {
      const auto local = Read(PartName(view.source));
      source.has_default = !local;
      if (local) source.columns.push_back(*local);
    }
  }
  const bool as_it_is = source.columns.size() == 1 && types_[source.columns[0]] == view.type &&
                        view.source != ViewSource::kDuration;
  if (as_it_is) source.direct = source.columns[0];
}

bool OpenPart::RestMayHold(AttributeScope scope, const std::string* key) const {
  if (!column_by_name_.contains(RestName(scope))) return false;
  if (key == nullptr || !cached_->rest_keys) return true;
  return std::ranges::binary_search(*cached_->rest_keys, RestKey{.scope = scope, .key = *key});
}

void OpenPart::BindAttributes(const ViewColumn& view, Source& source) {
  const std::string* key = view.source == ViewSource::kAttribute ? &view.key : nullptr;
  for (const PartColumn& column : cached_->columns) {
    if (column.scope != view.scope || (key != nullptr && column.key != *key)) continue;
    const auto local = Read(column.name);
    if (local) source.keys.push_back({.key = column.key, .type = column.type, .column = *local});
  }
  if (RestMayHold(view.scope, key)) {
    source.rest = Read(RestName(view.scope));
    source.rest_types = Read(RestName(view.scope) + "_types");
  }
  if (key == nullptr) return;
  source.has_default = source.keys.empty() && !source.rest;
  if (source.keys.size() == 1 && !source.rest && source.keys[0].type == model::AnyType::kString) {
    source.direct = source.keys[0].column;
  }
}

void OpenPart::Push(Local column, duckdb::unique_ptr<duckdb::TableFilter> filter) {
  if (!reader_->filters) reader_->filters = duckdb::make_uniq<duckdb::TableFilterSet>();
  auto& slot = reader_->filters->filters[column];
  if (slot == nullptr) {
    slot = std::move(filter);
    return;
  }
  if (slot->filter_type != TableFilterType::CONJUNCTION_AND) {
    auto both = duckdb::make_uniq<duckdb::ConjunctionAndFilter>();
    both->child_filters.push_back(std::move(slot));
    slot = std::move(both);
  }
  slot->Cast<duckdb::ConjunctionAndFilter>().child_filters.push_back(std::move(filter));
}

// = or IN over an id: as bytes, and by the part's filter.
bool OpenPart::PushIds(const ViewColumn& view, const duckdb::TableFilter& filter, Local column) {
  const auto texts = EqualityTexts(filter);
  if (texts.empty()) return false;
  const bool is_trace = view.name == "trace_id";
  std::vector<std::string> raws;
  for (const std::string& text : texts) {
    if (auto raw = BytesFromHex(text)) raws.push_back(*std::move(raw));
  }
  if (raws.empty()) {
    excluded_ = true;  // no id has such a text
    return true;
  }
  if (is_trace) {
    wanted_traces_ = raws;
    traces_wanted_ = true;
  }
  if (raws.size() != 1) return false;
  Push(column, duckdb::make_uniq<duckdb::ConstantFilter>(duckdb::ExpressionType::COMPARE_EQUAL,
                                                         duckdb::Value::BLOB_RAW(raws[0])));
  return true;
}

// attributes['k'] = 'v' where the part has k as a number: compared as a number.
bool OpenPart::PushTyped(const Source& source, const duckdb::TableFilter& filter) {
  if (source.keys.size() != 1 || source.rest) return false;
  const auto texts = EqualityTexts(filter);
  if (texts.size() != 1) return false;
  std::optional<duckdb::Value> value;
  switch (source.keys[0].type) {
    case model::AnyType::kInt:
      if (const auto integer = CanonicalInt(texts[0])) value = duckdb::Value::BIGINT(*integer);
      break;
    case model::AnyType::kBool:
      if (texts[0] == "true" || texts[0] == "false") {
        value = duckdb::Value::BOOLEAN(texts[0] == "true");
      }
      break;
    default:
      return false;
  }
  if (!value) {
    excluded_ = true;
    return true;
  }
  Push(source.keys[0].column,
       duckdb::make_uniq<duckdb::ConstantFilter>(duckdb::ExpressionType::COMPARE_EQUAL, *value));
  return true;
}

void OpenPart::PushFilter(duckdb::ClientContext& context, std::size_t index) {
  const ScanFilter& filter = plan_.filters[index];
  const ViewColumn& view = plan_.columns[filter.column];
  const Source& source = sources_[filter.column];
  if (source.has_default) {
    // Every row has the same value.
    duckdb::Vector value(view.type, 1);
    ConvertDefault(view, value);
    duckdb::SelectionVector selected;
    excluded_ = FilterEvaluator(context, *filter.filter).Select(value, 1, selected) == 0;
    return;
  }
  if (IsId(plan_.kind, view) && PushIds(view, *filter.filter, source.columns[0])) return;
  if (view.source == ViewSource::kAttribute && !source.direct &&
      PushTyped(source, *filter.filter)) {
    return;
  }
  filters_left_.push_back(index);
  if (!source.direct) return;
  switch (filter.filter->filter_type) {
    case TableFilterType::CONSTANT_COMPARISON:
    case TableFilterType::IS_NULL:
    case TableFilterType::IS_NOT_NULL:
      filters_left_.pop_back();
      Push(*source.direct, filter.filter->Copy());
      return;
    case TableFilterType::CONJUNCTION_OR:
      // For its statistics only; see FilterEvaluator.
      Push(*source.direct, duckdb::make_uniq<duckdb::OptionalFilter>(filter.filter->Copy()));
      return;
    default:
      return;
  }
}

void OpenPart::ChooseGroups() {
  std::vector<std::uint64_t> hashes;
  for (const std::string& id : wanted_traces_) hashes.push_back(PartFilter::HashOfId(id));
  const idx_t count = reader_->NumRowGroups();
  for (idx_t group = 0; group < count; ++group) {
    const bool possible = !traces_wanted_ || cached_->filter == nullptr ||
                          std::ranges::any_of(hashes, [&](std::uint64_t hash) {
                            return cached_->filter->MayContain(group, hash);
                          });
    if (possible) groups_.push_back(group);
  }
}

}  // namespace strata::duck
