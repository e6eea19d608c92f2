// What those who write parts work with, and where a new part goes.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/live.h"
#include "base/result.h"
#include "model/collection.h"
#include "os/file_system.h"
#include "store/config.h"
#include "store/manifests.h"
#include "store/metrics.h"
#include "store/part_writer.h"

namespace strata::store {

// All of it outlives who holds it.
struct Workplace {
  const Live<Config>& live_config;
  os::FileSystem& files;
  const Clock& clock;
  model::CollectionTable& collections;
  Manifests& manifests;
  PartWriter& writer;
  Metrics& metrics;

  const Config& config() const { return live_config.Get(); }
};

// Makes the folder and returns a path in it, relative to the data directory, that no file has.
// Never `taken`: a path does not get another content, not even that of a file that is gone.
Result<std::string> NewPartPath(const Workplace& at, const model::Collection& collection,
                                std::int64_t arrival_ns, Position first, Position last,
                                const std::string& taken = {});

// Removes what a failed writer left at a path that no edit ever named.
void RemoveUnlisted(const Workplace& at, const std::string& path);

}  // namespace strata::store
