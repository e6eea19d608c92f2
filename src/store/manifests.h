// Manifests: those of all namespaces, found by collection.
//
// Threads: any.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "model/collection.h"
#include "os/file_system.h"
#include "store/manifest.h"

namespace strata::store {

class Manifests {
 public:
  // Opens what lies below `<data_dir>/manifest` and restores the collections that it names into
  // `table`.
  static Result<std::unique_ptr<Manifests>> Open(const std::filesystem::path& data_dir,
                                                 model::CollectionTable& table,
                                                 os::FileSystem& files);

  // An empty snapshot for a namespace without a manifest. Never null.
  ManifestPtr Pin(const std::string& namespace_name) const;
  std::vector<ManifestPtr> PinAll() const;
  // 0 for an unknown collection.
  Position Sealed(model::CollectionId id) const;

  // As Manifest::Apply().
  Status Apply(const std::string& namespace_name, const Edit& edit);
  // Lists, durably, all collections of the table, so that the log may let go of the frames that
  // define them.
  Status TakeOverCollections();

  // Those whose last edit was torn when they were opened.
  const std::set<std::string>& torn_namespaces() const { return torn_; }
  std::uint64_t repaired() const { return repaired_; }

 private:
  Manifests(std::filesystem::path folder, model::CollectionTable& table, os::FileSystem& files)
      : folder_(std::move(folder)), table_(table), files_(files) {}
  Status Load();
  Manifest* Find(const std::string& namespace_name) const;
  Result<Manifest*> FindOrAdd(const std::string& namespace_name);

  const std::filesystem::path folder_;
  model::CollectionTable& table_;
  os::FileSystem& files_;
  std::set<std::string> torn_;
  std::uint64_t repaired_ = 0;

  mutable Mutex mutex_;
  // Entries are added, never removed. By name of the namespace.
  std::map<std::string, std::unique_ptr<Manifest>> manifests_ GUARDED_BY(mutex_);

  Mutex take_over_mutex_;
  std::size_t taken_over_ GUARDED_BY(take_over_mutex_) = 0;  // collections known to be listed
};

}  // namespace strata::store
