// The fields of a part that are fixed columns of blocks. Internal to module duck.
#pragma once

#include "duck/part_rows.h"
#include "duck/part_schema.h"
#include "duck/part_vectors.h"
#include "model/kind.h"

namespace strata::duck {

// The values of a PartSource::kFixed field; ids as bytes.
void GatherFixed(const PartField& field, model::Kind kind, const PartRows& rows, PartVectors& out);
void GatherPositions(const PartRows& rows, PartVectors& out);

}  // namespace strata::duck
