// PartColumns: the values of a part's fields for sorted rows of blocks. Internal to module duck.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "duck/parquet_output.h"
#include "duck/part_rows.h"
#include "duck/part_schema.h"
#include "duck/part_writer.h"
#include "model/block.h"

namespace strata::duck {

class MapAppender;

// One call at a time.
class PartColumns {
 public:
  PartColumns(model::Kind kind, std::span<const model::BlockSlice> slices,
              const PartOptions& options);
  ~PartColumns();

  // The fields that the part has, in order, and what its metadata says of them.
  const std::vector<PartField>& fields() const { return fields_; }
  std::vector<PartColumn> attribute_columns() const;
  const std::vector<RestKey>& rest_keys() const { return rest_keys_; }

  // Values of the n-th field for `rows`. Valid until the next call but one. Requires: fields are
  // asked for in order (the letters of a MAP are made together with it).
  std::vector<ColumnBatch> Gather(std::size_t field, std::span<const RowRef> rows);

 private:
  struct Origin;     // a resource's or scope's attributes, by field
  struct SliceData;  // what is looked up in one slice
  struct Vectors;    // owns the vectors of the last calls

  void ChooseAttributes(const PartOptions& options);
  void ChooseFields();
  void BindSlices();
  bool HasRest(AttributeScope scope) const;
  bool IsPresent(const PartField& field) const;
  bool AnyChunk(std::uint16_t fixed) const;

  void GatherFixed(const PartField& field, std::span<const RowRef> rows);
  void GatherText(std::uint16_t fixed, std::span<const RowRef> rows);
  void GatherOrigin(const PartField& field, std::span<const RowRef> rows);
  void GatherPosition(std::span<const RowRef> rows);
  void GatherAttribute(std::size_t index, std::span<const RowRef> rows);
  void GatherCell(const PartField& field, std::span<const RowRef> rows);
  void GatherRest(const PartField& field, std::span<const RowRef> rows);
  void AppendRecordRest(const RowRef& ref, MapAppender& map) const;

  const model::Kind kind_;
  const std::span<const model::BlockSlice> slices_;
  std::vector<PartField> fields_;
  std::vector<PartField> attributes_;  // chosen ones; copies of the last of fields_
  std::vector<RestKey> rest_keys_;
  std::vector<std::unique_ptr<SliceData>> data_;
  std::unique_ptr<Vectors> vectors_;
};

}  // namespace strata::duck
