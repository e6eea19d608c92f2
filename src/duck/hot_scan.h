// HotScan: fills chunks from blocks of hot rows, filters applied. Internal to module duck.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "duck/block_columns.h"
#include "duck/number_texts.h"
#include "duck/scan_plan.h"
#include "duckdb/common/types/data_chunk.hpp"

namespace strata::duck {

// Chunks [first_chunk, last_chunk) of a slice: what one thread reads at a time.
struct HotUnit {
  const std::string* collection = nullptr;
  const model::BlockSlice* slice = nullptr;
  std::uint32_t first_chunk = 0;
  std::uint32_t last_chunk = 0;
};

// One thread.
class HotScan {
 public:
  HotScan(duckdb::ClientContext& context, const ScanPlan& plan);

  void Start(const HotUnit& unit);
  // Fills `out` with the next rows that pass; false: the unit has none left (`out` is unchanged).
  bool Next(duckdb::DataChunk& out);

 private:
  // A filter and what it knows about the block at hand.
  struct Filter {
    ScanFilter filter;
    FilterEvaluator evaluator;
    // Pass table of the dictionary with this id.
    std::string table_id;
    std::vector<std::uint8_t> table;
    // Constants of an id column as raw bytes, when the filter is = or IN.
    bool by_id = false;
    std::size_t id_bytes = 0;
    std::vector<std::string> ids;
    // Constants of an attribute, when the filter is = or IN.
    std::optional<NumberTexts> numbers;
    std::unique_ptr<duckdb::DataChunk> scratch;
  };

  bool FindRows(std::uint32_t chunk);
  bool Apply(Filter& filter);
  bool ApplyPlain(Filter& filter, const void* values);
  bool ApplyIds(Filter& filter);
  bool ApplyAttribute(const Filter& filter);
  bool ApplyEqual(const NumberTexts& wanted, const AttributeSource& source);
  bool ApplyText(const duckdb::TableFilter& filter, const AttributeSource& source);
  void ApplyTable(Filter& filter, const CodedValues& coded);
  void ApplyAny(Filter& filter);
  // Keeps the rows for which keep(row in chunk) is true.
  template <class Keep>
  void Retain(Keep keep);

  duckdb::ClientContext& context_;
  const ScanPlan& plan_;
  BlockColumns columns_;
  std::vector<Filter> filters_;
  HotUnit unit_;
  std::uint32_t chunk_ = 0;
  std::uint32_t run_ = 0;
  ChunkRows rows_;
  std::vector<duckdb::sel_t> selection_;
};

}  // namespace strata::duck
