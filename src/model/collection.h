// Collections and namespaces: names and the numbers that frames and parts carry for them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "model/kind.h"

namespace strata::model {

using CollectionId = std::uint32_t;  // from 1; never reused

struct Collection {
  CollectionId id = 0;
  std::string namespace_name;
  std::string name;
  Kind kind = Kind::kLogs;
};

// 1-63 letters, digits, '-', '_', starting with a letter or digit.
bool IsValidNamespaceName(std::string_view name);

// All collections that exist. Entries are added, never changed or removed.
// Threads: any; a returned Collection lives as long as the table.
class CollectionTable {
 public:
  const Collection* Find(std::string_view namespace_name, std::string_view name) const;
  const Collection* Find(CollectionId id) const;
  // Adds with the next free id, or returns the one that is there. kExhausted beyond `max`.
  struct Added {
    const Collection* collection;
    bool is_new;
  };
  Result<Added> Add(std::string_view namespace_name, std::string_view name, Kind kind,
                    std::size_t max);
  // From a define frame or the manifest. kCorrupt where the id or the name is taken otherwise.
  Status Restore(const Collection& collection);
  // Ids were given to collections that nobody can name any more: leaves out the next `count`.
  void SkipIds(CollectionId count);
  std::vector<const Collection*> All() const;
  std::vector<const Collection*> In(std::string_view namespace_name) const;

 private:
  const Collection& Insert(Collection collection) REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Collection>> collections_ GUARDED_BY(mutex_);
  std::unordered_map<CollectionId, const Collection*> by_id_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, const Collection*> by_name_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::vector<const Collection*>> by_namespace_ GUARDED_BY(mutex_);
  CollectionId next_id_ GUARDED_BY(mutex_) = 1;
};

}  // namespace strata::model
