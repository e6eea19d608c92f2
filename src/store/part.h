// Part: an immutable Parquet file of one collection, as the manifest knows it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "duck/snapshot.h"
#include "model/collection.h"
#include "model/kind.h"
#include "wal/report.h"

namespace strata::store {

using Position = std::uint64_t;

// Never changed once made. Its files may be removed when the last shared_ptr of a part that left
// the manifest is gone, so whoever reads the files holds the manifest's snapshot.
struct Part {
  model::CollectionId collection = 0;
  std::string path;  // of the Parquet file, relative to the data directory, '/' between folders
  // When its rows came in, wall clock in nanoseconds since 1970 UTC: of the oldest and the
  // youngest, to the accuracy of the sealing that wrote them.
  std::int64_t first_arrival_ns = 0;
  std::int64_t last_arrival_ns = 0;
  std::shared_ptr<const duck::PartInfo> info;  // never null

  Position min_position() const { return info->min_position; }
  Position max_position() const { return info->max_position; }
  std::uint64_t rows() const { return info->rows; }
  bool operator==(const Part& other) const {
    return collection == other.collection && path == other.path &&
           first_arrival_ns == other.first_arrival_ns && last_arrival_ns == other.last_arrival_ns &&
           *info == *other.info;
  }
};

using PartPtr = std::shared_ptr<const Part>;

// The bytes of a part that is listed, but of which nothing is known but its name (store/adopt.h):
// it did not decode. Its rows are 0, their number is not known.
inline constexpr std::uint64_t kNotDescribed = 0;

inline constexpr const char* kPartsFolder = "parts";
// "parts/<namespace>/<collection>". Bytes of the names other than letters, digits, '-' and '_' are
// written as %XX, so that no name leaves its folder.
std::string CollectionFolder(const model::Collection& collection);
// "<collection folder>/<YYYY-MM-DD>/<HH>", by UTC.
std::string PartFolder(const model::Collection& collection, std::int64_t arrival_ns);

inline constexpr std::string_view kPartSuffix = ".parquet";
// "<first>-<last>.parquet", with twelve digits or more; from the second try on with ".g<attempt>"
// before the suffix: a path never gets another content.
std::string PartFileName(Position first, Position last, std::uint32_t attempt);
// What such a name, or a path that ends in it, says of the positions; empty when it is none.
wal::PositionRange PositionsOf(std::string_view part_path);

// The same part, whose filter is not used any more.
PartPtr WithoutFilter(const Part& part);

// Files that belong to a part besides the Parquet file itself.
std::string FilterPath(const std::string& part_path);

}  // namespace strata::store
