// SnapshotTaker: one consistent view of a namespace over hot rows and parts.
//
// Invariants 3 and 6 of the design meet here: a snapshot holds every published record once,
// whatever sealing, merging and eviction do meanwhile. Threads: any.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "duck/snapshot.h"
#include "hot/hot.h"
#include "model/collection.h"
#include "store/store.h"

namespace strata::query {

class SnapshotTaker {
 public:
  // `published` is the log's highest published position.
  SnapshotTaker(const hot::Hot& hot, const store::Store& store,
                const model::CollectionTable& collections,
                std::function<duck::Position()> published);

  // The snapshot keeps its blocks and parts alive. An unknown namespace is an empty one.
  std::shared_ptr<const duck::Snapshot> Take(std::string_view namespace_name) const;

 private:
  struct Taken;
  std::shared_ptr<Taken> TryTake(std::string_view namespace_name) const;

  const hot::Hot& hot_;
  const store::Store& store_;
  const model::CollectionTable& collections_;
  const std::function<duck::Position()> published_;
};

}  // namespace strata::query
