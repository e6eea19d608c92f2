#include "duck/part_describe.h"

#include <algorithm>
#include <memory>
#include <new>

#include "base/crc32c.h"
#include "base/hash.h"
#include "duck/part_filter.h"
#include "duck/part_schema.h"
#include "duck/whole_part.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;

constexpr std::uint64_t kFilterBytesMax = 1_GiB;

Result<PartInfo> ReadChecksums(const std::string& path, os::FileSystem& files) {
  PartInfo info;
  ASSIGN_OR_RETURN(const auto file, files.Open(path, {}));
  Bytes block(kPartBlockBytes);
  while (true) {
    ASSIGN_OR_RETURN(const std::size_t read, file->ReadAt(info.bytes, block));
    if (read == 0) break;
    info.block_crcs.push_back(Crc32c(ByteSpan(block).first(read)));
    info.bytes += read;
    if (read < block.size()) break;
  }
  return info;
}

void NoteFilter(const std::string& path, os::FileSystem& files, PartInfo& info) {
  const auto bytes = files.ReadAll(FilterPath(path), kFilterBytesMax);
  if (!bytes || !PartFilter::Decode(*bytes)) return;
  info.filter_bytes = bytes->size();
  info.filter_hash = Hash64(*bytes);
}

// Reads all of a part and notes what a manifest says of its rows.
class Description {
 public:
  Description(model::Kind kind, WholePart& part)
      : time_name_(model::FixedColumns(kind)[model::TimeColumn(kind)].name), part_(part) {}

  void AddTo(duckdb::ClientContext& context, PartInfo& info) {
    info.columns = part_.metadata().columns;
    const idx_t position = Find("position", duckdb::LogicalType::UBIGINT);
    const idx_t time = Find(time_name_, duckdb::LogicalType::TIMESTAMP_NS);
    duckdb::DataChunk chunk;
    chunk.Initialize(context, part_.types());
    while (part_.Next(chunk)) {
      chunk.Flatten();
      NotePositions(chunk.data[position], chunk.size(), info);
      NoteTimes(chunk.data[time], chunk.size(), info);
      info.rows += chunk.size();
    }
    if (info.rows == 0) throw duckdb::InvalidInputException("it has no rows");
  }

 private:
  idx_t Find(const std::string& name, const duckdb::LogicalType& type) const {
    const auto column = part_.Find(name);
    if (column && part_.types()[*column] == type) return *column;
    throw duckdb::InvalidInputException("it has no column %s", name);
  }
  static void NotePositions(duckdb::Vector& positions, idx_t rows, PartInfo& info) {
    const auto* values = FlatVector::GetData<std::uint64_t>(positions);
    const auto [low, high] = std::minmax_element(values, values + rows);
    info.min_position = info.rows == 0 ? *low : std::min<Position>(info.min_position, *low);
    info.max_position = std::max<Position>(info.max_position, *high);
  }
  static void NoteTimes(duckdb::Vector& times, idx_t rows, PartInfo& info) {
    const auto* values = FlatVector::GetData<std::int64_t>(times);
    for (idx_t i = 0; i < rows; ++i) {
      if (FlatVector::IsNull(times, i)) continue;
      info.min_time = std::min(info.min_time, values[i]);
      info.max_time = std::max(info.max_time, values[i]);
    }
  }

  const std::string time_name_;
  WholePart& part_;
};

// What the machine did to us says nothing about the bytes.
Code CodeOf(const std::exception& e, const StatementState& state) {
  const duckdb::ErrorData error(e);
  const bool no_memory = dynamic_cast<const std::bad_alloc*>(&e) != nullptr ||
                         error.Type() == duckdb::ExceptionType::OUT_OF_MEMORY;
  if (no_memory) return Code::kUnavailable;
  const bool refused = error.Type() == duckdb::ExceptionType::IO && state.damaged_parts().empty();
  return refused ? Code::kIo : Code::kCorrupt;
}

}  // namespace

Result<PartInfo> DescribePart(model::Kind kind, const std::string& path, os::FileSystem& files) {
  const std::string what = "part " + path + ": ";
  ASSIGN_OR_RETURN(PartInfo info, ReadChecksums(path, files));
  const PartRef part{.path = path, .info = std::make_shared<const PartInfo>(info)};
  PartsConnection connection(kind, {part}, files);
  try {
    const auto whole = WholePart::Open(connection.context(), kind, path);
    if (!whole) return Error{Code::kCorrupt, what + whole.error().message};
    Description(kind, **whole).AddTo(connection.context(), info);
  } catch (const std::exception& e) {
    return Error{CodeOf(e, connection.state()), what + duckdb::ErrorData(e).RawMessage()};
  }
  NoteFilter(path, files, info);
  return info;
}

}  // namespace strata::duck
