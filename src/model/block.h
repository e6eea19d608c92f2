// Block: up to 65,536 rows of one kind in columns; what a lane is made of, and what queries and the
// sealer read.
//
// Threads: one writer at a time fills rows through RowWriter (model/row_writer.h); the committer
// appends to runs(); readers take a BlockSlice and read without locks. A block lives as long as
// somebody holds a shared_ptr to it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "model/any.h"
#include "model/column.h"
#include "model/run_table.h"

namespace strata::model {

// Attribute keys that get a column of their own in one block. The rest goes to kRest.
inline constexpr std::uint32_t kAttributeColumnsMax = 256;

// One attribute of a resource or scope. Numbers as text, as in cells.
struct Attribute {
  Text key;
  AnyType type = AnyType::kEmpty;
  Text text;
};

struct Resource {
  const Attribute* attributes = nullptr;  // by key ascending, each key once
  std::uint32_t attribute_count = 0;
  std::uint32_t dropped_attributes_count = 0;
  Text service_name;
  Text schema_url;
  bool present = false;  // the message was there (it may be empty)
};

struct Scope {
  const Attribute* attributes = nullptr;
  std::uint32_t attribute_count = 0;
  std::uint32_t dropped_attributes_count = 0;
  Text name;
  Text version;
  Text schema_url;
  bool present = false;
};

// The column of one attribute key and type: kLabel, kInt64, kDouble or kBool, always nullable.
struct AttributeColumn {
  Text key;
  AnyType type = AnyType::kEmpty;
  Column* column = nullptr;
};

// The writer's view of one attribute key of a block: its columns, and what the row at hand did.
struct AttributeKey {
  std::string_view name;  // in the block's arena
  // In the order of kColumnTypes below; nullptr: no value of that type came yet.
  std::array<Column*, 4> columns{};
  Column* set = nullptr;       // of the columns, the one that row `row` has set
  std::uint32_t row = kNoRow;  // the row that last set a value
  std::uint32_t order = 0;     // the value's place among that row's attributes
  static constexpr std::uint32_t kNoRow = UINT32_MAX;
  static constexpr std::array kColumnTypes = {AnyType::kString, AnyType::kInt, AnyType::kDouble,
                                              AnyType::kBool};
};

// What a new block takes over from the one before it in its lane: keys whose values do not repeat.
struct BlockHints {
  std::vector<std::string> raw_keys;
  std::vector<std::uint16_t> raw_fixed;
};

class Block {
 public:
  Block(Kind kind, std::uint32_t capacity, const BlockHints& hints);
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  Kind kind() const { return kind_; }
  std::uint32_t capacity() const { return capacity_; }
  const Column& fixed(std::uint16_t index) const { return *fixed_[index]; }
  // Readers: attribute columns, append-only. A key that came with two types has two columns.
  const StableVector<AttributeColumn>& attributes() const { return attributes_; }
  const StableVector<Resource>& resources() const { return resources_; }
  const StableVector<Scope>& scopes() const { return scopes_; }
  const RunTable& runs() const { return runs_; }
  RunTable& runs() { return runs_; }
  // Requests that wrote rows here and are neither published nor given up. Any thread.
  std::atomic<std::uint32_t>& in_flight() const { return in_flight_; }
  // Memory held, any thread.
  std::size_t bytes() const { return arena_.bytes() + sizeof(Block); }

  // --- writer only, from here on
  Column& fixed(std::uint16_t index) { return *fixed_[index]; }
  Arena& arena() { return arena_; }
  // The key and its column for values of `type`, added if new; nullptr when kAttributeColumnsMax is
  // reached. Requires: `type` is one of AttributeKey::kColumnTypes.
  AttributeKey* KeyWithColumn(std::string_view key, AnyType type, Column** column);
  // nullptr: the key has no column.
  AttributeKey* FindKey(std::string_view key);
  // The index of a resource or scope that was interned under this hash (of its encoded message).
  std::optional<std::uint32_t> FindResource(const Hash128& hash) const;
  std::optional<std::uint32_t> FindScope(const Hash128& hash) const;
  std::uint32_t AddResource(const Hash128& hash, const Resource& resource);
  std::uint32_t AddScope(const Hash128& hash, const Scope& scope);
  BlockHints HintsForNext() const;

 private:
  struct HashOfHash {
    std::size_t operator()(const Hash128& hash) const { return hash.low; }
  };

  struct HashOfText {
    std::size_t operator()(std::string_view text) const { return Hash64(AsBytes(text)); }
  };

  const Kind kind_;
  const std::uint32_t capacity_;
  Arena arena_;
  std::vector<std::unique_ptr<Column>> fixed_;
  std::vector<std::unique_ptr<Column>> attribute_columns_;
  StableVector<AttributeColumn> attributes_;
  StableVector<Resource> resources_;
  StableVector<Scope> scopes_;
  RunTable runs_;
  mutable std::atomic<std::uint32_t> in_flight_{0};
  // Writer's indexes.
  std::unordered_map<std::string_view, std::unique_ptr<AttributeKey>, HashOfText> by_key_;
  std::unordered_map<Hash128, std::uint32_t, HashOfHash> resource_index_;
  std::unordered_map<Hash128, std::uint32_t, HashOfHash> scope_index_;
  std::vector<std::string> raw_keys_;
};

// What a reader sees of a block: the rows of the runs [first_run, last_run). Rows of one slice have
// ascending positions; rows between two runs may belong to nobody.
struct BlockSlice {
  std::shared_ptr<const Block> block;
  std::uint32_t first_run = 0;
  std::uint32_t last_run = 0;

  bool empty() const { return first_run == last_run; }
  std::uint32_t begin_row() const { return block->runs()[first_run].begin; }
  std::uint32_t end_row() const { return block->runs()[last_run - 1].end; }
  std::uint64_t first_position() const { return block->runs()[first_run].position; }
  std::uint64_t last_position() const { return block->runs()[last_run - 1].position; }
  std::uint64_t RowCount() const {
    std::uint64_t rows = 0;
    for (std::uint32_t i = first_run; i < last_run; ++i) {
      rows += block->runs()[i].end - block->runs()[i].begin;
    }
    return rows;
  }
};

}  // namespace strata::model
