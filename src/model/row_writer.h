// RowWriter: writes the rows of one request into the blocks of a lane.
//
// Use: for each record BeginRow(), setters, then CommitRow() or AbandonRow(); at the end take Rows().
// Rows become visible only when the committer appends Rows() to the blocks' run tables.
// Threads: one, which holds the lane for the life of the writer.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/block.h"

namespace strata::model {

// Where the blocks come from: a lane (module hot).
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  // The block that rows go to now, and the first row of it that is free.
  virtual const std::shared_ptr<Block>& current() = 0;
  virtual std::uint32_t& next_row() = 0;
  // The current block is full: makes a new one current.
  virtual void Roll() = 0;
};

// Rows [begin, end) of a block that one request wrote.
struct RowRange {
  std::shared_ptr<Block> block;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

class RowWriter {
 public:
  explicit RowWriter(BlockSource& source);

  // Requires: the row before was committed or abandoned. After it, block() is stable until the row's
  // end; interned resources and scopes are per block, so intern after BeginRow() (BlockChanged()).
  void BeginRow();
  Block& block() { return *block_; }
  // The block differs from that of the last row: indexes of resources and scopes are void.
  bool BlockChanged() const { return block_changed_; }

  template <class T>
  void Set(std::uint16_t column, T value) {
    block_->fixed(column).Set<T>(row_, value, block_->arena());
  }
  void SetTime(std::uint16_t column, std::int64_t nanos);
  // `bytes` is empty (NULL) or exactly 16 or 8 bytes as the column's type says.
  void SetId(std::uint16_t column, std::string_view bytes);
  void SetText(std::uint16_t column, std::string_view text) {
    block_->fixed(column).SetText(row_, text, block_->arena());
  }
  // One attribute of the record; of a duplicate key the last wins. Scalars get columns while there is
  // room; bytes, arrays, maps, empty values and what has no room go to kRest.
  void AddAttribute(std::string_view key, const AnyValue& value);

  void CommitRow();
  void AbandonRow();  // the row's place is used again

  // What was committed, in order; normally one range.
  std::vector<RowRange> Rows() const { return ranges_; }
  std::uint64_t committed() const { return committed_; }

 private:
  struct Cell {
    Column* column;
    std::string_view key;  // in the block's arena
    AnyType type;
  };
  struct RestEntry {
    std::string key;
    AnyType type;
    std::string text;
  };
  Column* ColumnFor(std::string_view key, AnyType type, std::string_view* kept_key);
  void DropDuplicate(std::string_view key);
  bool KeyIsNew(std::string_view key) const;
  void WriteRest();
  void StartBlock();

  BlockSource& source_;
  std::shared_ptr<Block> block_;
  std::uint32_t row_ = 0;
  bool block_changed_ = true;
  std::uint64_t committed_ = 0;
  std::vector<RowRange> ranges_;
  // Cells of the row at hand, and those of the row before: records of one sender carry the same keys
  // in the same order, so the n-th attribute is first compared with the n-th of the row before.
  std::vector<Cell> cells_;
  std::vector<Cell> previous_;
  std::vector<RestEntry> rest_;
  std::size_t predicted_ = 0;
  bool all_predicted_ = true;
  std::vector<std::uint16_t> text_columns_;
  std::string scratch_;
};

}  // namespace strata::model
