// Edit: one change of a namespace's manifest, made of operations that take effect together or not
// at all. Also the form in which a checkpoint is written: the operations that build the state from
// nothing. docs/formats/manifest.md has the bytes.
#pragma once

#include <cstdint>
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

// Retention dropped the collection's rows of these positions.
struct DropRange {
  model::CollectionId collection = 0;
  wal::PositionRange positions;
};

using Operation = std::variant<AddCollection, AddPart, RemovePart, SetSealed, DropRange>;
using Edit = std::vector<Operation>;

Bytes EncodeEdit(const Edit& edit);
// kCorrupt where the bytes are no edit. What they say is not judged here.
Result<Edit> DecodeEdit(ByteSpan payload);

}  // namespace strata::store
