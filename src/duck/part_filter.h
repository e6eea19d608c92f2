// PartFilter: which row groups of a part may hold a trace id. A split-block Bloom filter for each
// row group, in a file `<part>.filter` of its own, because DuckDB writes none for values that
// rarely repeat. The layout is docs/formats/parquet.md, "The filter".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace strata::duck {

class PartFilter {
 public:
  // Of a trace id of 16 bytes.
  static std::uint64_t HashOfId(std::string_view id);

  // `hashes` of the row group's distinct ids; about 12 bits each, one false positive in 250.
  void AddGroup(const std::vector<std::uint64_t>& hashes);
  std::size_t groups() const { return groups_.size(); }
  // False: no row of the group has the id. True beyond the last group.
  bool MayContain(std::size_t group, std::uint64_t hash) const;
  std::size_t bytes() const;

  Bytes Encode() const;
  // kCorrupt unless the bytes are whole and of a known version.
  static Result<PartFilter> Decode(ByteSpan bytes);

 private:
  using Block = std::array<std::uint32_t, 8>;
  std::vector<std::vector<Block>> groups_;
};

inline std::string FilterPath(const std::string& part_path) {
  return part_path + ".filter";
}

}  // namespace strata::duck
