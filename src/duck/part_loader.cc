#include "duck/part_loader.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <tuple>

#include "duck/loaded_rows.h"
#include "duck/part_schema.h"
#include "duck/whole_part.h"

namespace strata::duck {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;

// Where a row came from and where it belongs.
struct LoadRef {
  Position position = 0;
  std::uint32_t ordinal = 0;
  std::uint32_t chunk = 0;
  std::uint32_t row = 0;
};

// All rows of a part, as its file has them.
class PartContent {
 public:
  PartContent(duckdb::ClientContext& context, model::Kind kind, WholePart& part) : rows_(kind) {
    BindFields(kind, part);
    ReadChunks(context, part);
  }

  std::uint64_t WriteRows(model::BlockSource& blocks, const PositionLoaded& loaded) {
    std::ranges::sort(refs_, {}, [](const LoadRef& ref) {
      return std::tuple(ref.position, ref.ordinal, ref.chunk, ref.row);
    });
    for (auto at = refs_.begin(); at != refs_.end();) {
      const Position position = at->position;
      model::RowWriter writer(blocks);
      for (; at != refs_.end() && at->position == position; ++at) {
        rows_.Append(*chunks_[at->chunk], at->row, writer);
      }
      loaded(position, writer.Rows());
    }
    return refs_.size();
  }

 private:
  void BindFields(model::Kind kind, const WholePart& part) {
    for (const PartField& field : PartFields(kind)) {
      const auto column = Bind(field, part);
      if (!column && IsRequired(field, kind)) {
        throw duckdb::InvalidInputException("it has no column %s", field.name);
      }
      if (field.source == PartSource::kPosition) position_ = *column;
      if (field.source == PartSource::kFixed && field.fixed == model::kOrdinal) ordinal_ = *column;
    }
    for (const PartColumn& column : part.metadata().columns) {
      const PartField field =
          AttributeField(column.scope, column.key, column.type, column.name, /*id=*/0);
      if (!Bind(field, part)) {
        throw duckdb::InvalidInputException("it has no column %s", column.name);
      }
    }
  }
  std::optional<idx_t> Bind(const PartField& field, const WholePart& part) {
    const auto column = part.Find(field.name);
    if (!column) return std::nullopt;
    if (part.types()[*column] != field.type) {
      throw duckdb::InvalidInputException("column %s has type %s", field.name,
                                          part.types()[*column].ToString());
    }
    rows_.Bind(field, *column);
    return column;
  }
  void ReadChunks(duckdb::ClientContext& context, WholePart& part) {
    duckdb::DataChunk read;
    read.Initialize(context, part.types());
    while (part.Next(read)) {
      // What was read is valid until the next call only.
      chunks_.push_back(std::make_unique<duckdb::DataChunk>());
      chunks_.back()->Initialize(context, part.types());
      read.Copy(*chunks_.back());
      AddRefs(*chunks_.back());
    }
  }
  void AddRefs(duckdb::DataChunk& chunk) {
    const auto* positions = FlatVector::GetData<std::uint64_t>(chunk.data[position_]);
    const auto* ordinals = FlatVector::GetData<std::uint32_t>(chunk.data[ordinal_]);
    for (std::uint32_t row = 0; row < chunk.size(); ++row) {
      refs_.push_back({.position = positions[row],
                       .ordinal = ordinals[row],
                       .chunk = static_cast<std::uint32_t>(chunks_.size() - 1),
                       .row = row});
    }
  }

  LoadedRows rows_;
  idx_t position_ = 0;
  idx_t ordinal_ = 0;
  std::vector<std::unique_ptr<duckdb::DataChunk>> chunks_;
  std::vector<LoadRef> refs_;
};

}  // namespace

Result<std::uint64_t> LoadPart(model::Kind kind, const PartRef& part, os::FileSystem& files,
                               model::BlockSource& blocks, const PositionLoaded& loaded) {
  const std::string what = "load part " + part.path + ": ";
  PartsConnection connection(kind, {part}, files);
  try {
    const auto whole = WholePart::Open(connection.context(), kind, part.path);
    if (!whole) return Error{Code::kCorrupt, what + whole.error().message};
    return PartContent(connection.context(), kind, **whole).WriteRows(blocks, loaded);
  } catch (const duckdb::InvalidInputException& e) {
    return Error{Code::kCorrupt, what + duckdb::ErrorData(e).RawMessage()};
  } catch (const std::exception& e) {
    return Error{connection.state().damaged_parts().empty() ? Code::kUnavailable : Code::kCorrupt,
                 what + duckdb::ErrorData(e).RawMessage()};
  }
}

}  // namespace strata::duck
