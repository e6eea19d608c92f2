// Edit: one change of a namespace's manifest, made of operations that take effect together or not
// at all. Also the form in which a checkpoint is written: the operations that build the state from
// nothing. docs/formats/manifest.md has the bytes.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/kind.h"
#include "store/part.h"
#include "wal/report.h"

namespace strata::store {

// A collection of the namespace, taken over from the log's define frame.
struct AddCollection {
  model::CollectionId collection = 0;
  model::Kind kind = model::Kind::kLogs;
  std::string name;
};

struct AddPart {
  PartPtr part;
};

// The part leaves the manifest: merged into another, or dropped by retention (then with DropRange).
struct RemovePart {
  model::CollectionId collection = 0;
  Position min_position = 0;
  std::string path;
};

// Rows at or below the position are in parts, or were dropped.
struct SetSealed {
  model::CollectionId collection = 0;
  Position position = 0;
};

// Retention dropped the collection's rows of these positions, those that were lost included.
struct DropRange {
  model::CollectionId collection = 0;
  wal::PositionRange positions;
};

// Rows that were acknowledged and are gone: what held them was damaged, and nothing else has them.
struct LostRows {
  wal::PositionRange positions;
  std::uint64_t rows = 0;  // 0: not known
  // Of the rows' event times, nanoseconds; earliest > latest: not known.
  std::int64_t min_time = std::numeric_limits<std::int64_t>::max();
  std::int64_t max_time = std::numeric_limits<std::int64_t>::min();
  std::int64_t last_arrival_ns = 0;  // of the youngest, as in Part
  std::int64_t found_ns = 0;         // wall clock
  std::string file;                  // that held them, relative to the data directory
  std::string reason;
  // As the manifest listed it: its file is served again when somebody brings it back
  // (store/restore.h). Null: it was none, or nothing is known but its name.
  PartPtr part;
  bool operator==(const LostRows& other) const;
};

// The rows are told as lost until retention would have dropped them.
struct LoseRows {
  model::CollectionId collection = 0;
  LostRows lost;
};

// Rows that were told as lost are in a part that the same edit lists.
struct FindRows {
  model::CollectionId collection = 0;
  wal::PositionRange positions;  // as they were told
  std::string file;
};

using Operation =
    std::variant<AddCollection, AddPart, RemovePart, SetSealed, DropRange, LoseRows, FindRows>;
using Edit = std::vector<Operation>;

Bytes EncodeEdit(const Edit& edit);
// kInvalidInput where the bytes are no edit that this version knows. What they say is not judged
// here.
Result<Edit> DecodeEdit(ByteSpan payload);

}  // namespace strata::store
