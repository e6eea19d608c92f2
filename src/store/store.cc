#include "store/store.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/fault_point.h"
#include "store/sealer.h"
#include "store/upkeep.h"

namespace strata::store {

Result<std::unique_ptr<Store>> Store::Open(const Config& config, os::FileSystem& files,
                                           const Clock& clock, model::CollectionTable& collections,
                                           PartWriter& writer, model::Registry& registry) {
  RETURN_IF_ERROR(config.Validate());
  std::unique_ptr<Store> store(new Store(config, files, clock, collections, writer, registry));
  if (auto loaded = store->Load(); !loaded) {
    return std::move(loaded).error().Within("open store");
  }
  store->RegisterGauges(registry);
  return store;
}

Store::Store(const Config& config, os::FileSystem& files, const Clock& clock,
             model::CollectionTable& collections, PartWriter& writer, model::Registry& registry)
    : data_dir_(config.data_dir),
      config_(config),
      files_(files),
      clock_(clock),
      collections_(collections),
      writer_(writer),
      metrics_(Metrics::Register(registry)),
      graveyard_(config.data_dir, files) {}

Store::~Store() {
  Stop();
}

Status Store::Load() {
  RETURN_IF_ERROR(files_.CreateDirectories(data_dir_));
  ASSIGN_OR_RETURN(manifests_, Manifests::Open(data_dir_, collections_, files_));
  FaultPoint<"store.open.manifests_loaded">();
  ASSIGN_OR_RETURN(carry_, Carry::Open(data_dir_, files_, clock_));
  FaultPoint<"store.open.carry_loaded">();
  const std::set<std::string>& torn = manifests_->torn_namespaces();
  ASSIGN_OR_RETURN(report_.parts, TidyPartFolder(data_dir_, manifests_->PinAll(), torn, files_));
  report_.torn_manifests = torn.size();
  report_.repaired_manifests = manifests_->repaired();
  const Workplace at{config_, files_, clock_, collections_, *manifests_, writer_, metrics_};
  upkeep_ = std::make_unique<Upkeep>(at, graveyard_);
  return Done{};
}

void Store::RegisterGauges(model::Registry& registry) {
  const auto sum = [this](auto member) {
    return [this, member] {
      double total = 0;
      for (const ManifestPtr& manifest : manifests_->PinAll()) {
        for (const CollectionPartsPtr& parts : manifest->collections) total += member(*parts);
      }
      return total;
    };
  };
  registry.AddGaugeCallback(
      "strata_store_parts", "Parts that the manifests list.",
      sum([](const CollectionParts& parts) { return static_cast<double>(parts.parts.size()); }));
  registry.AddGaugeCallback(
      "strata_store_rows", "Rows of those parts.",
      sum([](const CollectionParts& parts) { return static_cast<double>(parts.RowCount()); }));
  registry.AddGaugeCallback(
      "strata_store_part_bytes", "Bytes of those parts, filters included.",
      sum([](const CollectionParts& parts) { return static_cast<double>(parts.ByteCount()); }));
  registry.AddGaugeCallback("strata_store_missing_parts",
                            "Parts that were listed and not there when the store was opened.",
                            [this] { return static_cast<double>(report_.parts.missing.size()); });
  registry.AddGaugeCallback("strata_store_removable_parts",
                            "Parts that left the manifest and are still read.",
                            [this] { return static_cast<double>(graveyard_.waiting()); });
  registry.AddGaugeCallback("strata_store_sealing_failing", "1 while sealing does not work.",
                            [this] { return ailment().empty() ? 0.0 : 1.0; });
  registry.AddGaugeCallback("strata_store_disk_free_bytes", "Free space for the data directory.",
                            [this] { return static_cast<double>(upkeep_->disk_free_bytes()); });
}

void Store::RestoreHot(hot::Hot& hot) const {
  for (const ManifestPtr& manifest : manifests_->PinAll()) {
    for (const CollectionPartsPtr& parts : manifest->collections) {
      hot.Restore(parts->collection, parts->sealed);
    }
  }
}

Result<CarryOutcome> Store::ReplayCarry(const wal::FrameVisitor& visit) const {
  return carry_->Replay([this](model::CollectionId id) { return Sealed(id); }, visit);
}

Position Store::ReplayFrom() const {
  return sealer_ == nullptr ? carry_->through() : sealer_->carried_through();
}

void Store::Start(hot::Hot& hot, LogSource& log, bool threads) {
  CHECK(sealer_ == nullptr);
  hot_ = &hot;
  log_ = &log;
  const Workplace at{config_, files_, clock_, collections_, *manifests_, writer_, metrics_};
  sealer_ = std::make_unique<Sealer>(at, hot, log, *carry_);
  if (!threads) return;
  sealer_->Start();
  upkeep_->Start();
}

void Store::Stop() {
  if (sealer_ != nullptr) sealer_->Stop();
  if (upkeep_ != nullptr) upkeep_->Stop();
}

bool Store::SealAll(MonotonicTime deadline) {
  CHECK(sealer_ != nullptr);
  return sealer_->SealAll(deadline);
}

void Store::Nudge() {
  if (sealer_ != nullptr) sealer_->Nudge();
}

Status Store::SealPass() {
  CHECK(sealer_ != nullptr);
  return sealer_->Pass();
}

bool Store::UpkeepPass() {
  return upkeep_->Pass();
}

ManifestPtr Store::Pin(const std::string& namespace_name) const {
  return manifests_->Pin(namespace_name);
}

Position Store::Sealed(model::CollectionId id) const {
  return manifests_->Sealed(id);
}

Split Store::SplitAt(const ManifestSnapshot& snapshot, model::CollectionId id,
                     Position floor) const {
  return store::SplitAt(snapshot.Find(id), floor, data_dir_);
}

Whereabouts Store::Where(model::CollectionId id, Position position) const {
  Whereabouts where;
  const model::Collection* collection = collections_.Find(id);
  if (collection == nullptr || position == 0) return where;
  const ManifestPtr manifest = Pin(collection->namespace_name);
  if (const CollectionParts* parts = manifest->Find(id)) {
    for (const PartPtr& part : parts->parts) {
      if (part->min_position() > position) break;
      if (position <= part->max_position()) where.parts.push_back(part->path);
    }
    where.dropped = std::ranges::any_of(parts->dropped, [&](const wal::PositionRange& range) {
      return range.first <= position && position <= range.last;
    });
    where.in_carry = position > parts->sealed && position <= ReplayFrom();
  }
  if (log_ != nullptr) {
    const Position oldest = log_->oldest();
    where.in_log = oldest != 0 && oldest <= position && position <= log_->published();
  }
  if (hot_ != nullptr) where.in_hot = !hot_->Slices(id, position - 1, position).empty();
  return where;
}

StoreFigures Store::Figures() const {
  StoreFigures figures;
  for (const ManifestPtr& manifest : manifests_->PinAll()) {
    for (const CollectionPartsPtr& parts : manifest->collections) {
      figures.collections.push_back({.collection = parts->collection,
                                     .sealed = parts->sealed,
                                     .parts = parts->parts.size(),
                                     .rows = parts->RowCount(),
                                     .bytes = parts->ByteCount(),
                                     .dropped = parts->dropped});
    }
  }
  figures.carried_through = ReplayFrom();
  if (sealer_ != nullptr) {
    figures.released = sealer_->released();
    figures.carry_bytes = sealer_->carry_bytes();
  }
  figures.parts_to_remove = graveyard_.waiting();
  figures.missing_parts = report_.parts.missing.size();
  figures.disk_free_bytes = upkeep_->disk_free_bytes();
  figures.disk_is_low = DiskIsLow();
  figures.ailment = ailment();
  return figures;
}

void Store::Configure(const Config& config) {
  Config next = config_.Get();
  next.seal = config.seal;
  next.merge = config.merge;
  next.retention = config.retention;
  next.disk_free_min_bytes = config.disk_free_min_bytes;
  config_.Set(std::move(next));
}

std::vector<RetentionDrop> Store::PlanRetention() const {
  return store::PlanRetention(manifests_->PinAll(), config_.Get().retention, clock_.WallNanos());
}

bool Store::DiskIsLow() const {
  return upkeep_->DiskIsLow();
}

std::string Store::ailment() const {
  return sealer_ == nullptr ? std::string() : sealer_->ailment();
}

}  // namespace strata::store
