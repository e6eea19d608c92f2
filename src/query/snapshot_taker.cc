#include "query/snapshot_taker.h"

#include <string>
#include <utility>
#include <vector>

namespace strata::query {

// The snapshot with what it must hold on to: part files stay while the manifest is pinned.
struct SnapshotTaker::Taken {
  duck::Snapshot snapshot;
  store::ManifestPtr manifest;
};

SnapshotTaker::SnapshotTaker(const hot::Hot& hot, const store::Store& store,
                             const model::CollectionTable& collections,
                             std::function<duck::Position()> published)
    : hot_(hot), store_(store), collections_(collections), published_(std::move(published)) {}

std::shared_ptr<const duck::Snapshot> SnapshotTaker::Take(std::string_view namespace_name) const {
  for (;;) {
    // Nothing was taken: rows were evicted meanwhile. Eviction takes far longer than this, so the
    // next try succeeds.
    if (auto taken = TryTake(namespace_name)) return {taken, &taken->snapshot};
  }
}

// The steps and their order are those of store/split.h.
std::shared_ptr<SnapshotTaker::Taken> SnapshotTaker::TryTake(
    std::string_view namespace_name) const {
  struct Source {
    const model::Collection* collection;
    hot::Position floor;
  };
  std::vector<Source> sources;
  for (const model::Collection* collection : collections_.In(namespace_name)) {
    sources.push_back({collection, hot_.Floor(collection->id)});
  }
  auto taken = std::make_shared<Taken>();
  taken->manifest = store_.Pin(std::string(namespace_name));
  std::vector<store::Split> splits;
  splits.reserve(sources.size());
  for (const Source& source : sources) {
    splits.push_back(store_.SplitAt(*taken->manifest, source.collection->id, source.floor));
  }
  taken->snapshot.position = published_();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const model::Collection& collection = *sources[i].collection;
    duck::CollectionSlice slice{
        .collection = collection.name,
        .hot = hot_.Slices(collection.id, splits[i].through, taken->snapshot.position),
        .parts = std::move(splits[i].parts),
        .missing = std::move(splits[i].missing),
    };
    if (hot_.Floor(collection.id) > splits[i].through) return nullptr;
    taken->snapshot.kinds[collection.kind].push_back(std::move(slice));
  }
  return taken;
}

}  // namespace strata::query
