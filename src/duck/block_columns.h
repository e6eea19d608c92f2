// BlockColumns: the columns of a scan, read from one block of hot rows. Internal to module duck.
#pragma once

#include <cstdint>
#include <string>

#include "duck/block_attributes.h"
#include "duck/block_codes.h"
#include "duck/chunk_rows.h"
#include "duck/scan_plan.h"
#include "model/block.h"

namespace strata::duck {

// One thread. Vectors that it filled point into the block: they are valid while the block is.
class BlockColumns {
 public:
  explicit BlockColumns(const ScanPlan& plan)
      : plan_(plan), attributes_(plan), codes_(plan, attributes_) {}
  BlockColumns(const BlockColumns&) = delete;
  BlockColumns& operator=(const BlockColumns&) = delete;

  // From here on, columns are those of `slice`'s block.
  void Start(const model::BlockSlice& slice, const std::string& collection);

  // The values of a column in a chunk are codes (`coded` is filled); false: they are not.
  bool Coded(std::size_t column, std::uint32_t chunk, CodedValues& coded) {
    return codes_.Find(column, chunk, coded);
  }
  // Fills out[0, rows.count).
  void Fill(std::size_t column, const ChunkRows& rows, duckdb::Vector& out);

  const model::Block& block() const { return *slice_.block; }
  // Where every row of a fixed-width column has a value that never means NULL: its values in the
  // chunk, or nullptr where the values have to be made. Its type is that of the view.
  const void* PlainValues(std::size_t column, std::uint32_t chunk) const;
  // Where all values of an attribute of the record in the chunk are in one column of the block:
  // that one. Else nothing is set.
  AttributeSource OnlyAttribute(std::size_t column, std::uint32_t chunk);
  // Raw bytes of an id column in the chunk; nullptr: all NULL.
  const std::byte* IdValues(std::size_t column, std::uint32_t chunk) const;

 private:
  void FillPosition(const ChunkRows& rows, duckdb::Vector& out) const;

  const ScanPlan& plan_;
  model::BlockSlice slice_;
  const std::string* collection_ = nullptr;
  BlockAttributes attributes_;
  BlockCodes codes_;
};

}  // namespace strata::duck
