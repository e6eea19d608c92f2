// TestLane: blocks for tests, without module hot.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "model/row_writer.h"

namespace strata::model {

class TestLane final : public BlockSource {
 public:
  TestLane(Kind kind, std::uint32_t block_rows) : kind_(kind), block_rows_(block_rows) { Roll(); }

  const std::shared_ptr<Block>& current() override { return blocks_.back(); }
  std::uint32_t& next_row() override { return next_row_; }
  void Roll() override {
    const BlockHints hints = blocks_.empty() ? BlockHints{} : blocks_.back()->HintsForNext();
    blocks_.push_back(std::make_shared<Block>(kind_, block_rows_, hints));
    next_row_ = 0;
  }

  // Makes the writer's rows visible as those of `position`.
  void Publish(const RowWriter& writer, std::uint64_t position) {
    for (const RowRange& range : writer.Rows()) {
      range.block->runs().Append({.position = position, .begin = range.begin, .end = range.end});
    }
  }
  // All that is published, in order.
  std::vector<BlockSlice> Slices() const {
    std::vector<BlockSlice> slices;
    for (const std::shared_ptr<Block>& block : blocks_) {
      if (block->runs().size() == 0) continue;
      slices.push_back({.block = block, .first_run = 0, .last_run = block->runs().size()});
    }
    return slices;
  }

 private:
  const Kind kind_;
  const std::uint32_t block_rows_;
  std::vector<std::shared_ptr<Block>> blocks_;
  std::uint32_t next_row_ = 0;
};

}  // namespace strata::model
