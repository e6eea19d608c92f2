#include "duck/part_columns.h"

#include "duck/attribute_values.h"
#include "duck/part_fixed.h"
#include "duck/part_maps.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using model::AnyType;
using model::Chunk;
using model::Column;

// Sets what `of_record` and `of_origin` make of the values of the index-th attribute.
template <class T, class OfRecord, class OfOrigin>
void GatherValues(const PartAttributes& attributes, std::size_t index, const PartRows& rows,
                  PartVectors& out, OfRecord of_record, OfOrigin of_origin) {
  const PartField& field = attributes.fields()[index];
  const std::uint16_t origin =
      field.scope == AttributeScope::kResource ? model::kResource : model::kScope;
  T* to = out.AddFlat<T>(field.type, rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const SliceAttributes& slice = attributes.slice(rows.refs[i].slice);
    bool set = false;
    if (field.scope == AttributeScope::kRecord) {
      const Column* column = slice.columns[index];
      const Chunk* chunk = column == nullptr ? nullptr : rows.chunk(*column, i);
      set = chunk != nullptr && AttributeIsSet(*chunk, rows.at(i));
      if (set) to[i] = of_record(*column, *chunk, rows.at(i));
    } else {
      const std::uint32_t number = rows.Origin(origin, i);
      const auto& values = slice.values[index];
      set = number < values.size() && values[number].set;
      if (set) to[i] = of_origin(values[number]);
    }
    if (!set) {
      to[i] = T{};
      out.SetNull(i);
    }
  }
}

}  // namespace

PartColumns::PartColumns(model::Kind kind, std::span<const model::BlockSlice> slices,
                         const PartOptions& options)
    : kind_(kind), slices_(slices), attributes_(slices, options), origins_(slices) {
  for (const PartField& field : PartFields(kind_)) {
    if (IsPresent(field)) fields_.push_back(field);
  }
  fields_.insert(fields_.end(), attributes_.fields().begin(), attributes_.fields().end());
}

bool PartColumns::AnyChunk(std::uint16_t fixed) const {
  return std::ranges::any_of(slices_, [&](const model::BlockSlice& slice) {
    return ChunksWith(slice.block->fixed(fixed), slice) > 0;
  });
}

bool PartColumns::IsPresent(const PartField& field) const {
  if (IsRequired(field, kind_)) return true;
  switch (field.source) {
    case PartSource::kFixed:
    case PartSource::kCell:
    case PartSource::kCellTypes:
      return AnyChunk(field.fixed);
    case PartSource::kRest:
    case PartSource::kRestTypes:
      return attributes_.HasRest(field.scope);
    default:
      return origins_.IsPresent(field);
  }
}

std::vector<ColumnBatch> PartColumns::Gather(std::size_t index, std::span<const RowRef> refs) {
  const PartField& field = fields_[index];
  const PartRows rows{.slices = slices_, .refs = refs};
  vectors_.Clear();
  switch (field.source) {
    case PartSource::kFixed:
      GatherFixed(field, kind_, rows, vectors_);
      break;
    case PartSource::kPosition:
      GatherPositions(rows, vectors_);
      break;
    case PartSource::kAttribute:
      GatherAttribute(index - (fields_.size() - attributes_.fields().size()), rows);
      break;
    case PartSource::kCell:
      GatherCells(field, rows, vectors_);
      break;
    case PartSource::kRest:
      GatherRests(field, attributes_, rows, vectors_);
      break;
    case PartSource::kRestTypes:
    case PartSource::kCellTypes:
      return vectors_.letter_batches();
    default:
      origins_.Gather(field, rows, vectors_);
  }
  return vectors_.batches();
}

void PartColumns::GatherAttribute(std::size_t index, const PartRows& rows) {
  const auto gather = [&]<class T>(T, auto of_record, auto of_origin) {
    GatherValues<T>(attributes_, index, rows, vectors_, of_record, of_origin);
  };
  switch (attributes_.fields()[index].any) {
    case AnyType::kInt:
      return gather(
          std::int64_t{},
          [](const Column&, const Chunk& c, std::uint32_t at) {
            return c.values<std::int64_t>()[at];
          },
          [](const OriginValue& v) { return v.integer; });
    case AnyType::kDouble:
      return gather(
          double{},
          [](const Column&, const Chunk& c, std::uint32_t at) { return c.values<double>()[at]; },
          [](const OriginValue& v) { return v.number; });
    case AnyType::kBool:
      return gather(
          bool{},
          [](const Column&, const Chunk& c, std::uint32_t at) {
            return c.values<std::uint8_t>()[at] != 0;
          },
          [](const OriginValue& v) { return v.integer != 0; });
    default:
      return gather(
          duckdb::string_t{},
          [](const Column& column, const Chunk& c, std::uint32_t at) {
            return AsString(StoredText(column, c, at));
          },
          [](const OriginValue& v) { return v.text; });
  }
}

}  // namespace strata::duck
