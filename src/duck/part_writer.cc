#include "duck/part_writer.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/check.h"
#include "duck/library.h"
#include "duck/parquet_output.h"
#include "duck/part_columns.h"
#include "duck/part_encoding.h"
#include "duck/part_file.h"
#include "duck/part_filter.h"
#include "duck/part_rows.h"
#include "duck/part_schema.h"
#include "duck/part_sink.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::idx_t;

void WriteRowGroups(model::Kind kind, PartColumns& columns, std::span<const RowRef> rows,
                    const PartOptions& options, PartSink& sink, ParquetOutput& output) {
  for (std::size_t begin = 0; begin < rows.size(); begin += options.row_group_rows) {
    const auto group =
        rows.subspan(begin, std::min<std::size_t>(options.row_group_rows, rows.size() - begin));
    output.BeginRowGroup(group.size());
    for (std::size_t f = 0; f < columns.fields().size(); ++f) {
      const PartField& field = columns.fields()[f];
      auto batches = columns.Gather(f, group);
      output.WriteColumn(batches, MayRepeat(field, kind));
      NoteColumn(field, kind, batches, sink);
    }
    output.EndRowGroup();
    sink.EndRowGroup(group.size());
  }
}

}  // namespace

Result<PartInfo> WritePart(model::Kind kind, std::span<const model::BlockSlice> slices,
                           const PartOptions& options, os::FileSystem& files,
                           const std::string& path) {
  CHECK(options.row_group_rows >= 1);
  const std::vector<RowRef> rows = SortedRows(kind, slices);
  CHECK(!rows.empty());
  ASSIGN_OR_RETURN(auto sink, PartSink::Create(files, path));
  return sink->Guard([&] {
    PartColumns columns(kind, slices, options);
    const PartAttributes& attributes = columns.attributes();
    const auto connection = LibraryConnection();
    ParquetOutput output(
        *connection->context,
        SchemaOf(kind, columns.fields(), attributes.columns(), attributes.rest_keys(), options),
        sink->bytes_sink());
    WriteRowGroups(kind, columns, rows, options, *sink, output);
    output.Finish();
    return sink->Finish(attributes.columns());
  });
}

}  // namespace strata::duck
