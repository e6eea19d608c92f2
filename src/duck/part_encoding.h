// How columns of parts are encoded, the same for writing and merging. Internal to module duck.
#pragma once

#include "duck/part_schema.h"
#include "duck/part_sink.h"
#include "model/schema.h"

namespace strata::duck {

// False: a dictionary is not worth trying, the values hardly repeat or delta encoding beats it.
bool MayRepeat(const PartField& field, model::Kind kind);

// Tells the sink what the column says about the part.
void NoteColumn(const PartField& field, model::Kind kind, std::span<const ColumnBatch> batches,
                PartSink& sink);

}  // namespace strata::duck
