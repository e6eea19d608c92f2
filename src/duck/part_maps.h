// The fields of a part that are lists and MAPs. Internal to module duck.
#pragma once

#include "duck/part_attributes.h"
#include "duck/part_rows.h"
#include "duck/part_schema.h"
#include "duck/part_vectors.h"

namespace strata::duck {

// The values of a PartSource::kCell or kRest field, and the letters of their types, where they have
// any, for the field behind.
void GatherCells(const PartField& field, const PartRows& rows, PartVectors& out);
void GatherRests(const PartField& field, const PartAttributes& attributes, const PartRows& rows,
                 PartVectors& out);

}  // namespace strata::duck
