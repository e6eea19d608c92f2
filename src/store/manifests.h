// Manifests: those of all namespaces, found by collection.
//
// Threads: any.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
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
  // Reads what lies below `<data_dir>/manifest` and restores the collections that it names into
  // `table`. Changes nothing.
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
  // define them. kUnavailable: `go_on` said no before a namespace; those before it are listed.
  Status TakeOverCollections(const std::function<bool()>& go_on = {});

  // What was found when they were opened, by namespace; those that were whole are not in it.
  const std::map<std::string, ManifestReport>& reports() const { return reports_; }
  // As Manifest::Renew(), of all. What fails is told and tried again with the next edit.
  void Renew();
  // As Manifest::Scrub().
  std::uint64_t FileBytes() const;  // that a scrub of all reads
  Result<ManifestReport> Scrub(const std::string& namespace_name);

 private:
  Manifests(std::filesystem::path data_dir, model::CollectionTable& table, os::FileSystem& files)
      : data_dir_(std::move(data_dir)), table_(table), files_(files) {}
  Status Load();
  std::vector<Manifest*> All() const;
  Manifest* Find(const std::string& namespace_name) const;
  Result<Manifest*> FindOrAdd(const std::string& namespace_name);

  const std::filesystem::path data_dir_;
  model::CollectionTable& table_;
  os::FileSystem& files_;
  std::map<std::string, ManifestReport> reports_;

  mutable Mutex mutex_;
  // Entries are added, never removed. By name of the namespace.
  std::map<std::string, std::unique_ptr<Manifest>> manifests_ GUARDED_BY(mutex_);

  Mutex take_over_mutex_;
  std::size_t taken_over_ GUARDED_BY(take_over_mutex_) = 0;  // collections known to be listed
};

}  // namespace strata::store
