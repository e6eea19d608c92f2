// PartCache: footers and trace filters of parts, kept between statements. Internal to module duck.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "duck/part_filter.h"
#include "duck/part_schema.h"
#include "duck/snapshot.h"
#include "os/file_system.h"

namespace duckdb {
class ParquetFileMetadataCache;
}

namespace strata::duck {

// What is known of an opened part. Immutable once it is in the cache.
struct CachedPart {
  // duckdb::shared_ptr<ParquetFileMetadataCache>, kept opaque: its headers cost seconds.
  std::shared_ptr<void> footer;
  std::vector<PartColumn> columns;
  // Keys that a rest may hold, sorted; nullopt: any.
  std::optional<std::vector<RestKey>> rest_keys;
  // nullptr: the part has none, or it could not be read (which costs time only).
  std::shared_ptr<const PartFilter> filter;
  bool filter_loaded = false;
  std::uint64_t bytes = 0;
};

// Any thread.
class PartCache {
 public:
  explicit PartCache(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // nullptr: not there.
  std::shared_ptr<const CachedPart> Find(const std::string& path);
  // Replaces what is there; drops what was used longest ago beyond the limit.
  void Put(const std::string& path, std::shared_ptr<const CachedPart> part);
  std::uint64_t bytes() const;

 private:
  struct Entry {
    std::string path;
    std::shared_ptr<const CachedPart> part;
  };
  const std::uint64_t bytes_max_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // last used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_path_;
  std::uint64_t bytes_ = 0;
};

// Reads the filter beside a part; nullptr when there is none or it is damaged.
std::shared_ptr<const PartFilter> LoadFilter(os::FileSystem& files, const PartRef& part);

}  // namespace strata::duck
