// RowWriter: writes the rows of one request into the blocks of a lane.
//
// Use: for each record BeginRow(), setters, then CommitRow() or AbandonRow(); at the end take
// Rows(). A writer ends between rows: a row that was begun is committed or abandoned. Rows become
// visible only when the committer appends Rows() to the blocks' run tables. Threads: one, which
// holds the lane for the life of the writer.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/block.h"
#include "model/same_bytes.h"

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

  // Requires: the row before was committed or abandoned. After it, block() is stable until the
  // row's end; interned resources and scopes are per block, so intern after BeginRow()
  // (BlockChanged()).
  void BeginRow();
  Block& block() { return *block_; }
  // The block differs from that of the last row: indexes of resources and scopes are void.
  bool BlockChanged() const { return block_changed_; }

  template <class T>
  void Set(std::uint16_t column, T value) {
    if (void* values = flat_values_[column]; values != nullptr) [[likely]] {
      static_cast<T*>(values)[row_ % kChunkRows] = value;
      return;
    }
    block_->fixed(column).Set<T>(row_, value, block_->arena());
    flat_values_[column] = block_->fixed(column).FlatValues(row_);
  }
  // Times and ids are set in every row, so that Column::has_zero() tells the truth.
  void SetTime(std::uint16_t column, std::int64_t nanos) {
    if (nanos == 0) {
      block_->fixed(column).SetZeroSeen();
    } else {
      Set(column, nanos);
    }
  }
  // `bytes` is empty (NULL) or exactly 16 or 8 bytes as the column's type says.
  void SetId(std::uint16_t column, std::string_view bytes);
  void SetText(std::uint16_t column, std::string_view text) {
    block_->fixed(column).SetText(row_, text, block_->arena());
  }
  // One attribute of the record; of a duplicate key the last wins. Scalars get columns while there
  // is room; bytes, arrays, maps, empty values and what has no room go to kRest.
  void AddAttribute(std::string_view key, const AnyValue& value);
  // The short way for strings: adds the attribute if the row before had a string under the same key
  // at the same place. false: it did not, and nothing happened. After true, the key is one that was
  // added before: whatever was checked then need not be checked again.
  bool AddPredictedText(std::string_view key, std::string_view text) {
    if (attribute_count_ >= slots_.size()) return false;
    const Slot& slot = slots_[attribute_count_];
    if (slot.type != AnyType::kString || slot.key == nullptr) return false;
    if (!SameBytes(slot.key->name, key)) return false;
    Claim(slot, attribute_count_++);
    slot.column->SetText(row_, text, block_->arena());
    return true;
  }

  void CommitRow();
  void AbandonRow();  // the row's place is used again

  // What was committed, in order; normally one range.
  std::vector<RowRange> Rows() const;
  std::uint64_t committed() const { return committed_; }

 private:
  // The n-th attribute of a row. Records of one sender carry the same keys in the same order, so
  // the n-th attribute is first compared with the n-th of the row before.
  struct Slot {
    AnyType type = AnyType::kEmpty;
    AttributeKey* key = nullptr;  // nullptr: the attribute had no column
    Column* column = nullptr;
  };
  // An attribute without a column; its strings lie in rest_bytes_.
  struct RestEntry {
    std::size_t key_begin = 0;
    std::size_t text_begin = 0;
    std::size_t text_end = 0;
    AnyType type = AnyType::kEmpty;
    std::uint32_t order = 0;
  };

  void StartBlock();
  Slot FindSlot(std::string_view key, AnyType type);
  // Notes that the row's value of the key stands in the slot's column. One of the same type that
  // came before in this row is overwritten, one of another type makes room.
  void Claim(const Slot& slot, std::uint32_t order) {
    AttributeKey& key = *slot.key;
    if (key.row == row_ && key.set != slot.column) key.set->Clear(row_);
    key.row = row_;
    key.set = slot.column;
    key.order = order;
  }
  void SetCell(const Slot& slot, const AnyValue& value, std::uint32_t order);
  void AddRest(std::string_view key, const AnyValue& value, std::uint32_t order);
  void WriteRest();
  bool IsSetLater(std::string_view key, std::uint32_t order);
  std::string_view RestKey(const RestEntry& entry) const {
    return std::string_view(rest_bytes_)
        .substr(entry.key_begin, entry.text_begin - entry.key_begin);
  }

  BlockSource& source_;
  Block* block_ = nullptr;  // of the last of ranges_
  std::uint32_t* next_row_ = nullptr;
  std::uint32_t row_ = 0;
  bool block_changed_ = true;
  // Of fixed columns: the values of the chunk at hand where writing one needs nothing else; nullptr
  // until it was written to.
  std::array<void*, kFixedColumnsMax> flat_values_{};
  std::uint64_t committed_ = 0;
  std::vector<RowRange> ranges_;
  std::vector<Slot> slots_;
  std::uint32_t attribute_count_ = 0;  // of the row at hand
  std::vector<RestEntry> rest_;
  std::string rest_bytes_;
  std::string cell_;
};

}  // namespace strata::model
