#include "duck/part_cache.h"

#include "base/hash.h"

namespace strata::duck {

std::shared_ptr<const CachedPart> PartCache::Find(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->part;
}

void PartCache::Put(const std::string& path, std::shared_ptr<const CachedPart> part) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_path_.find(path); found != by_path_.end()) {
    bytes_ -= found->second->part->bytes;
    entries_.erase(found->second);
    by_path_.erase(found);
  }
  bytes_ += part->bytes;
  entries_.push_front({path, std::move(part)});
  by_path_[path] = entries_.begin();
  while (bytes_ > bytes_max_ && entries_.size() > 1) {
    bytes_ -= entries_.back().part->bytes;
    by_path_.erase(entries_.back().path);
    entries_.pop_back();
  }
}

std::uint64_t PartCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::shared_ptr<const PartFilter> LoadFilter(os::FileSystem& files, const PartRef& part) {
  if (part.info->filter_bytes == 0) return nullptr;
  const auto bytes = files.ReadAll(FilterPath(part.path), part.info->filter_bytes);
  // A whole filter of another part would hide rows.
  if (!bytes || Hash64(*bytes) != part.info->filter_hash) return nullptr;
  auto filter = PartFilter::Decode(*bytes);
  if (!filter) return nullptr;
  return std::make_shared<const PartFilter>(*std::move(filter));
}

}  // namespace strata::duck
