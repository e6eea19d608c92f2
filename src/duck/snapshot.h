// Snapshot: what one statement sees. The caller (module query) makes it from the published
// position, the hot blocks and one pinned manifest; nothing else is reachable from SQL.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "model/any.h"
#include "model/block.h"
#include "model/kind.h"

namespace strata::duck {

using Position = std::uint64_t;

// Whose attribute a column of a part holds. The letters start the column's name.
enum class AttributeScope : char { kRecord = 'a', kResource = 'r', kScope = 's' };

// A column of a part that holds one attribute key of one type (docs/formats/parquet.md).
struct PartColumn {
  std::string name;  // in the file: a.<key>, r.<key>, s.<key>, with a suffix where names collide
  AttributeScope scope = AttributeScope::kRecord;
  std::string key;
  model::AnyType type = model::AnyType::kString;
  bool operator==(const PartColumn&) const = default;
};

// Bytes of a part that one checksum covers.
inline constexpr std::uint64_t kPartBlockBytes = 64_KiB;

// What is known of a part without opening it; the manifest keeps it. Event times are those of the
// kind's time column (model::TimeColumn), nanoseconds, over the rows that have one; when none has,
// min_time > max_time.
struct PartInfo {
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
  Position min_position = 0;
  Position max_position = 0;
  std::int64_t min_time = std::numeric_limits<std::int64_t>::max();
  std::int64_t max_time = std::numeric_limits<std::int64_t>::min();
  // CRC-32C of each kPartBlockBytes of the file, the last one shorter. Every block that a query
  // touches is checked when it is read.
  std::vector<std::uint32_t> block_crcs;
  // Size of the file `<path>.filter` beside the part (duck/part_filter.h); 0: there is none.
  std::uint64_t filter_bytes = 0;
  // XXH3-64 of that file: its own checksum makes the CRC-32C of every whole filter the same.
  std::uint64_t filter_hash = 0;
  std::vector<PartColumn> columns;
  bool operator==(const PartInfo&) const = default;
};

struct PartRef {
  std::string path;  // as module os opens it; unique for ever: a path never gets another content
  std::shared_ptr<const PartInfo> info;
};

// Rows that belong to a slice and cannot be read, because the part that held them is damaged. A
// statement that might have read them says so in its answer.
struct MissingRows {
  Position min_position = 0;
  Position max_position = 0;
  std::uint64_t rows = 0;  // 0: not known
  // Of their event times; the defaults: not known.
  std::int64_t min_time = std::numeric_limits<std::int64_t>::min();
  std::int64_t max_time = std::numeric_limits<std::int64_t>::max();
};

// Rows of one collection. `hot` and `parts` hold no row twice: the caller sees to it.
struct CollectionSlice {
  std::string collection;
  std::vector<model::BlockSlice> hot;
  std::vector<PartRef> parts;
  std::vector<MissingRows> missing;
};

struct Snapshot {
  std::map<model::Kind, std::vector<CollectionSlice>> kinds;
  Position position = 0;  // the published position that it was taken at; told in the answer
};

}  // namespace strata::duck
