// BlockCodes: columns of a scan whose values a block has as codes into a dictionary. Internal to
// module duck.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "duck/block_attributes.h"
#include "duck/chunk_rows.h"
#include "duck/scan_plan.h"
#include "model/block.h"

namespace strata::duck {

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

// One thread. Dictionaries point into the block: they are valid while the block is.
class BlockCodes {
 public:
  // `attributes` must outlive it and be started with the same block.
  BlockCodes(const ScanPlan& plan, BlockAttributes& attributes)
      : plan_(plan), attributes_(attributes), dictionaries_(plan.columns.size()) {}

  // From here on, columns are those of `block`, which may have grown since it was started last.
  void Start(const model::Block& block);
  // The values of a column in a chunk are codes (`coded` is filled); false: they are not.
  bool Find(std::size_t column, std::uint32_t chunk, CodedValues& coded);

 private:
  struct Dictionary {
    bool started = false;
    std::unique_ptr<duckdb::Vector> values;
    std::vector<model::Text> texts;  // where the values are not an array of the block
    std::vector<std::unique_ptr<std::string>> owned;
    duckdb::idx_t size = 0;
    std::string id;
  };

  void StartColumn(std::size_t index);
  void StartLabels(Dictionary& dictionary, const model::Column& column, bool nullable);
  void StartOriginTexts(Dictionary& dictionary, const ViewColumn& view);
  bool FindLabels(const Dictionary& dictionary, const model::Chunk* chunk,
                  CodedValues& coded) const;
  bool FindOrigins(const Dictionary& dictionary, const ViewColumn& view, std::uint32_t chunk,
                   CodedValues& coded) const;
  bool FindEnum(const ViewColumn& view, const model::Chunk* chunk, CodedValues& coded) const;

  const ScanPlan& plan_;
  BlockAttributes& attributes_;
  const model::Block* block_ = nullptr;
  std::vector<Dictionary> dictionaries_;  // of plan_.columns
};

// The names of an enum column by number: all 256.
std::span<const duckdb::string_t> EnumTexts(model::Kind kind, std::uint16_t fixed);

}  // namespace strata::duck
