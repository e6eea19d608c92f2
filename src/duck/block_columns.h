// BlockColumns: the columns of a scan, read from one block of hot rows. Internal to module duck.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "duck/nested.h"
#include "duck/scan_plan.h"
#include "duck/view.h"
#include "duckdb/common/types/vector.hpp"
#include "model/block.h"

namespace strata::duck {

// Rows of one chunk, ascending: base, base + 1, … or, where `selection` is set, those.
struct ChunkRows {
  std::uint32_t chunk = 0;
  std::uint32_t base = 0;
  const duckdb::sel_t* selection = nullptr;
  duckdb::idx_t count = 0;

  std::uint32_t operator[](duckdb::idx_t i) const {
    return selection != nullptr ? selection[i] : base + static_cast<std::uint32_t>(i);
  }
};

// Values of a column in a chunk as codes into a dictionary.
struct CodedValues {
  const std::uint8_t* codes8 = nullptr;  // exactly one of the three is set
  const std::uint16_t* codes16 = nullptr;
  const std::uint32_t* codes32 = nullptr;
  duckdb::Vector* dictionary = nullptr;
  duckdb::idx_t size = 0;
  const std::string* id = nullptr;  // the same dictionary has the same id, in all threads

  std::uint32_t operator[](std::uint32_t row) const {
    return codes16 != nullptr ? codes16[row] : codes32 != nullptr ? codes32[row] : codes8[row];
  }
};

// One thread. Vectors that it filled point into the block: they are valid while the block is.
class BlockColumns {
 public:
  explicit BlockColumns(const ScanPlan& plan);

  // From here on, columns are those of `slice`'s block.
  void Start(const model::BlockSlice& slice, const std::string& collection);

  // The values of a column in a chunk are codes (`coded` is filled); false: they are not.
  bool Coded(std::size_t column, std::uint32_t chunk, CodedValues& coded);
  // Fills out[0, rows.count).
  void Fill(std::size_t column, const ChunkRows& rows, duckdb::Vector& out);

  const model::Block& block() const { return *block_; }
  // Where every row of a fixed-width column has a value that never means NULL: its values in the
  // chunk, or nullptr where the values have to be made. Its type is that of the view.
  const void* PlainValues(std::size_t column, std::uint32_t chunk) const;
  // Raw bytes of an id column in the chunk; nullptr: all NULL.
  const std::byte* IdValues(std::size_t column, std::uint32_t chunk) const;

 private:
  struct CachedDictionary {
    std::unique_ptr<duckdb::Vector> values;
    std::vector<model::Text> texts;  // where the values are not an array of the block
    std::vector<std::unique_ptr<std::string>> owned;
    duckdb::idx_t size = 0;
    std::string id;
  };
  struct ColumnState {
    CachedDictionary dictionary;
    bool started = false;
    // kAttribute of the record: the block's columns of that key, in the order of the block.
    std::vector<const model::AttributeColumn*> attributes;
  };

  void StartColumn(std::size_t index);
  void StartDictionary(std::size_t index, const model::Column& column, bool nullable);
  void StartOriginTexts(std::size_t index);
  bool CodedAttribute(std::size_t index, std::uint32_t chunk, CodedValues& coded);
  bool CodedLabel(std::size_t index, const model::Column& column, std::uint32_t chunk,
                  CodedValues& coded);
  bool CodedBy(std::size_t index, std::uint16_t fixed, std::uint32_t chunk, CodedValues& coded);

  void FillCoded(const CodedValues& coded, const ChunkRows& rows, duckdb::Vector& out);
  void FillFixed(const ViewColumn& view, const ChunkRows& rows, duckdb::Vector& out);
  void FillText(const model::Column& column, const ChunkRows& rows, duckdb::Vector& out);
  void FillId(const model::Column& column, std::size_t bytes, const ChunkRows& rows,
              duckdb::Vector& out);
  void FillBody(const ChunkRows& rows, duckdb::Vector& out);
  void FillValue(const ChunkRows& rows, duckdb::Vector& out);
  void FillDuration(const ChunkRows& rows, duckdb::Vector& out);
  void FillPosition(const ChunkRows& rows, duckdb::Vector& out);
  void FillCell(const ViewColumn& view, const ChunkRows& rows, duckdb::Vector& out);
  void FillAttribute(std::size_t index, const ChunkRows& rows, duckdb::Vector& out);
  void FillRecordMap(const ChunkRows& rows, duckdb::Vector& out);
  void FillOriginMap(const ViewColumn& view, const ChunkRows& rows, duckdb::Vector& out);

  const ScanPlan& plan_;
  const model::Block* block_ = nullptr;
  model::BlockSlice slice_;
  const std::string* collection_ = nullptr;
  std::vector<ColumnState> states_;
  // Attribute columns of the block by key, as a MAP shows them.
  std::vector<const model::AttributeColumn*> sorted_attributes_;
  bool sorted_ = false;
};

// The text of a set value of an attribute column; `buffer` may hold it.
std::string_view AttributeText(const model::AttributeColumn& attribute, const model::Chunk& chunk,
                               std::uint32_t row, char (&buffer)[40]);

// True where the row of an attribute column is set.
bool AttributeIsSet(const model::Chunk& chunk, std::uint32_t row);

// Finds `key` in an attribute cell (model/cell.h).
bool FindInCell(std::string_view cell, std::string_view key, TypedEntry& found);

}  // namespace strata::duck
