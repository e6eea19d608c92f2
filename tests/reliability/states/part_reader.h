// Which rows a part holds, by position. Parts never change: what was read once of equal bytes is
// remembered, so that thousands of states do not decode the same Parquet again.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "duck/snapshot.h"
#include "model/block.h"
#include "os/file_system.h"
#include "store/part_writer.h"

namespace strata::reliability {

enum class PartFormat : std::uint8_t {
  kList,     // (position, rows) pairs: store/test_rig.h
  kParquet,  // the real ones
};

struct PositionRows {
  std::uint64_t rows = 0;
  std::string body;  // of all rows; empty: they differ, or the part is a list
};
using RowsByPosition = std::map<std::uint64_t, PositionRows>;

// The body that the rows [begin, end) of a block of logs have in common, else empty.
std::string BodyOf(const model::Block& block, std::uint32_t begin, std::uint32_t end);

std::unique_ptr<store::PartWriter> MakePartWriter(PartFormat format, os::FileSystem& files);

Result<std::shared_ptr<const RowsByPosition>> ReadPart(PartFormat format, const duck::PartRef& part,
                                                       os::FileSystem& files);

}  // namespace strata::reliability
