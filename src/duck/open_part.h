// OpenPart: one part as one scan reads it: which of the file's columns, with which filters, and how
// they become the view's columns. Internal to module duck.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "duck/part_cache.h"
#include "duck/part_schema.h"
#include "duck/scan_plan.h"
#include "duck/snapshot.h"
#include "duckdb/common/types/data_chunk.hpp"
#include "duckdb/main/client_context.hpp"
#include "parquet_reader.hpp"

namespace strata::duck {

class OpenPart {
 public:
  // Throws what DuckDB throws.
  OpenPart(duckdb::ClientContext& context, const ScanPlan& plan, const std::string& collection,
           const PartRef& part);

  // No row can pass.
  bool excluded() const { return excluded_; }
  // Row groups that may hold a row that passes.
  const std::vector<duckdb::idx_t>& groups() const { return groups_; }
  duckdb::ParquetReader& reader() { return *reader_; }
  const duckdb::vector<duckdb::LogicalType>& types() const { return types_; }
  // Filters of the plan (by index) that the reader does not apply.
  const std::vector<std::size_t>& filters_left() const { return filters_left_; }

  // Makes the plan's n-th column from a chunk that the reader filled.
  void Convert(std::size_t column, duckdb::DataChunk& raw, duckdb::Vector& out) const;

 private:
  // A column of the file, by its place in what the reader reads.
  using Local = duckdb::idx_t;
  struct Source {
    std::optional<Local> direct;  // the column is the view's as it is
    std::vector<Local> columns;   // what a conversion takes, as its kind says
    // kAttribute and kAttributes: columns of keys, ascending by key, and the rest.
    struct Key {
      std::string key;
      model::AnyType type;
      Local column;
    };
    std::vector<Key> keys;
    std::optional<Local> rest;
    std::optional<Local> rest_types;
    bool has_default = false;  // no column of the file is needed
  };

  void Open(duckdb::ClientContext& context);
  void Cache(duckdb::ClientContext& context);
  std::optional<duckdb::idx_t> FindColumn(const std::string& name) const;
  std::optional<Local> Read(const std::string& name);
  void Bind(std::size_t index);
  void BindAttributes(const ViewColumn& view, Source& source);
  bool RestMayHold(AttributeScope scope, const std::string* key) const;
  // Hands the filter to the reader as far as it can take it.
  void PushFilter(duckdb::ClientContext& context, std::size_t index);
  void Push(Local column, duckdb::unique_ptr<duckdb::TableFilter> filter);
  bool PushIds(const ViewColumn& view, const duckdb::TableFilter& filter, Local column);
  bool PushTyped(const Source& source, const duckdb::TableFilter& filter);
  void ChooseGroups();

  void ConvertIds(duckdb::Vector& from, duckdb::idx_t count, duckdb::Vector& out) const;
  void ConvertEnum(const ViewColumn& view, duckdb::Vector& from, duckdb::idx_t count,
                   duckdb::Vector& out) const;
  void ConvertBody(const Source& source, duckdb::DataChunk& raw, duckdb::Vector& out) const;
  void ConvertNumbers(const ViewColumn& view, const Source& source, duckdb::DataChunk& raw,
                      duckdb::Vector& out) const;
  void ConvertAttribute(const Source& source, const std::string& key, duckdb::DataChunk& raw,
                        duckdb::Vector& out) const;
  void ConvertMap(const Source& source, duckdb::DataChunk& raw, duckdb::Vector& out) const;
  void ConvertDefault(const ViewColumn& view, duckdb::Vector& out) const;

  const ScanPlan& plan_;
  const std::string& collection_;
  const PartRef& part_;
  std::shared_ptr<const CachedPart> cached_;
  duckdb::shared_ptr<duckdb::ParquetReader> reader_;
  std::map<std::string, duckdb::idx_t, std::less<>> column_by_name_;
  std::map<std::string, Local, std::less<>> local_by_name_;
  duckdb::vector<duckdb::LogicalType> types_;
  std::vector<Source> sources_;  // of plan_.columns
  std::vector<std::size_t> filters_left_;
  std::vector<std::string> wanted_traces_;  // raw bytes; empty: any
  bool traces_wanted_ = false;
  bool excluded_ = false;
  std::vector<duckdb::idx_t> groups_;
};

}  // namespace strata::duck
