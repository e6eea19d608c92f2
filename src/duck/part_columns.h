// PartColumns: the values of a part's fields for sorted rows of blocks. Internal to module duck.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "duck/part_attributes.h"
#include "duck/part_origins.h"
#include "duck/part_rows.h"
#include "duck/part_schema.h"
#include "duck/part_vectors.h"
#include "duck/part_writer.h"
#include "model/block.h"

namespace strata::duck {

// One call at a time.
class PartColumns {
 public:
  PartColumns(model::Kind kind, std::span<const model::BlockSlice> slices,
              const PartOptions& options);

  // The fields that the part has, in order: those of attributes come last.
  const std::vector<PartField>& fields() const { return fields_; }
  const PartAttributes& attributes() const { return attributes_; }

  // Values of the n-th field for `rows`. Valid until the next call but one. Requires: fields are
  // asked for in order (the letters of a MAP are made together with it).
  std::vector<ColumnBatch> Gather(std::size_t field, std::span<const RowRef> rows);

 private:
  bool IsPresent(const PartField& field) const;
  bool AnyChunk(std::uint16_t fixed) const;
  // Requires: index is below attributes_.fields().size().
  void GatherAttribute(std::size_t index, const PartRows& rows);

  const model::Kind kind_;
  const std::span<const model::BlockSlice> slices_;
  const PartAttributes attributes_;
  const PartOrigins origins_;
  std::vector<PartField> fields_;
  PartVectors vectors_;
};

}  // namespace strata::duck
