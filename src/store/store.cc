#include "store/store.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "store/scrub_log.h"
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
  report_.manifests = manifests_->reports();
  std::set<std::string> doubtful;
  for (const auto& [namespace_name, report] : report_.manifests) {
    if (report.doubtful()) doubtful.insert(namespace_name);
  }
  ASSIGN_OR_RETURN(report_.parts,
                   TidyPartFolder(data_dir_, manifests_->PinAll(), doubtful, files_));
  const Workplace at{config_, files_, clock_, collections_, *manifests_, writer_, metrics_};
  ASSIGN_OR_RETURN(report_.adopted, AdoptStrays(report_.parts.strays, at));
  manifests_->Renew();
  repair_ = std::make_unique<Repair>(at);
  for (const PartPtr& part : report_.parts.missing) repair_->Suspect(part->path);
  for (const std::string& path : report_.adopted.damaged) repair_->Suspect(path);
  upkeep_ = std::make_unique<Upkeep>(at, graveyard_, *repair_);
  scrub_ = std::make_unique<Scrub>(
      at, *repair_,
      Scrub::Hooks{.busy = [this] { return busy_ && busy_(); },
                   .suspected = [this] { upkeep_->Nudge(); },
                   .carry_damaged = [this](const std::string& why) { ReportDamagedCarry(why); },
                   .wait = {}});
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
  registry.AddGaugeCallback(
      "strata_store_lost_rows", "Rows that were acknowledged and are lost.",
      sum([](const CollectionParts& parts) { return static_cast<double>(parts.LostRowCount()); }));
  registry.AddGaugeCallback(
      "strata_store_suspect_parts",
      "Parts that did not read back and are left out of answers until they were judged.",
      [this] { return static_cast<double>(repair_->suspects()->size()); });
  registry.AddGaugeCallback("strata_store_removable_parts",
                            "Parts that left the manifest and are still read.",
                            [this] { return static_cast<double>(graveyard_.waiting()); });
  registry.AddGaugeCallback("strata_store_sealing_failing", "1 while sealing does not work.",
                            [this] { return ailment().empty() ? 0.0 : 1.0; });
  registry.AddGaugeCallback("strata_store_scrub_paused",
                            "1 while the scrub gives way to requests and statements.",
                            [this] { return scrub_->Figures().is_paused ? 1.0 : 0.0; });
  registry.AddGaugeCallback(
      "strata_store_scrub_bytes_left", "Bytes that this round of the scrub has not read yet.",
      [this] {
        const ScrubFigures scrub = scrub_->Figures();
        return static_cast<double>(scrub.bytes_total -
                                   std::min(scrub.bytes_total, scrub.progress.bytes));
      });
}

void Store::RestoreHot(hot::Hot& hot) const {
  for (const ManifestPtr& manifest : manifests_->PinAll()) {
    for (const CollectionPartsPtr& parts : manifest->collections) {
      hot.Restore(parts->collection, parts->sealed);
    }
  }
}

Status Store::ReplayCarry(LogSource& log, const wal::FrameVisitor& visit) {
  const auto sealed = [this](model::CollectionId id) { return Sealed(id); };
  const auto from_log = [&log](Position position, const wal::FrameVisitor& take) -> Status {
    ASSIGN_OR_RETURN(const wal::ReadOutcome read, log.Read(position, position, take));
    if (read.frames == 1) return Done{};
    return Error{Code::kNotFound, "the log does not have it"};
  };
  const auto all = [this, &log](const wal::FrameVisitor& take) -> Status {
    const Position oldest = log.oldest();
    if (oldest == 0 || oldest > carry_->through()) return Done{};
    ASSIGN_OR_RETURN(const wal::ReadOutcome read, log.Read(oldest, carry_->through(), take));
    (void)read;
    return Done{};
  };
  ASSIGN_OR_RETURN(const Carry::Replayed replayed,
                   carry_->Replay(sealed, {.at = from_log, .through = all}, visit));
  return LoseCarried(replayed);
}

Status Store::LoseCarried(const Carry::Replayed& replayed) {
  std::map<model::CollectionId, LostRows> by_collection;
  for (const CarryEntry& entry : replayed.lost) {
    LostRows& rows = by_collection[entry.collection];
    if (rows.positions.empty()) rows.positions.first = entry.position;
    rows.positions.last = entry.position;
    rows.rows += entry.records;
  }
  for (auto& [id, rows] : by_collection) {
    const model::Collection* collection = collections_.Find(id);
    if (collection == nullptr) continue;
    rows.reason = "frames of the carry file do not read back";
    RETURN_IF_ERROR(Lose(*collection, std::move(rows)));
  }
  if (replayed.lost_unnamed == 0) return Done{};
  // They may be of any collection that had something to carry.
  for (const model::Collection* collection : collections_.All()) {
    if (by_collection.contains(collection->id)) continue;
    LostRows rows{
        .positions = {.first = Sealed(collection->id) + 1, .last = carry_->through()},
        .file = {},
        .reason = std::to_string(replayed.lost_unnamed) +
                  " frames of the carry file do not read back, and nothing tells whose they are"};
    if (!rows.positions.empty()) RETURN_IF_ERROR(Lose(*collection, std::move(rows)));
  }
  return Done{};
}

Status Store::Lose(const model::Collection& collection, LostRows rows) {
  rows.found_ns = rows.last_arrival_ns = clock_.WallNanos();
  rows.file = Carry::QuarantinedName(carry_->number());
  LogError("rows that were acknowledged are lost", {{"namespace", collection.namespace_name},
                                                    {"collection", collection.name},
                                                    {"rows", rows.rows},
                                                    {"first_position", rows.positions.first},
                                                    {"last_position", rows.positions.last},
                                                    {"reason", rows.reason}});
  // A start before may have listed it, and ended before the file went to quarantine.
  const ManifestPtr manifest = Pin(collection.namespace_name);
  const CollectionParts* parts = manifest->Find(collection.id);
  if (parts == nullptr || std::ranges::any_of(parts->lost, [&](const LostRows& known) {
        return known.file == rows.file && known.positions.first <= rows.positions.last &&
               rows.positions.first <= known.positions.last;
      })) {
    return Done{};
  }
  Status listed =
      manifests_->Apply(collection.namespace_name, {LoseRows{collection.id, std::move(rows)}});
  if (listed) return listed;
  return std::move(listed).error().Within("list what the carry file has lost");
}

Position Store::ReplayFrom() const {
  return sealer_ == nullptr ? carry_->through() : sealer_->carried_through();
}

Position Store::LastKnown() const {
  Position last = ReplayFrom();
  for (const ManifestPtr& manifest : manifests_->PinAll()) {
    for (const CollectionPartsPtr& parts : manifest->collections) {
      last = std::max(last, parts->sealed);
    }
  }
  return last;
}

void Store::Start(hot::Hot& hot, LogSource& log, bool threads) {
  CHECK(sealer_ == nullptr);
  hot_ = &hot;
  log_ = &log;
  const Workplace at{config_, files_, clock_, collections_, *manifests_, writer_, metrics_};
  sealer_ = std::make_unique<Sealer>(at, hot, log, *carry_);
  repair_->Use(hot, log);
  AddLogToScrub();
  if (!threads) return;
  // While the log still has what they had: what is sealed may leave it.
  repair_->Judge(start_.get_token());
  sealer_->Start();
  upkeep_->Start();
  scrub_->Start();
}

void Store::AddScrubSource(ScrubSource source) {
  scrub_->Add(std::move(source));
}

void Store::GiveWayTo(std::function<bool()> busy) {
  busy_ = std::move(busy);
}

void Store::SaveSpaceWhile(std::function<bool()> disk_is_low) {
  upkeep_->SaveSpaceWhile(std::move(disk_is_low));
}

// What the log has and does not read back is in memory still, if no part has it.
void Store::AddLogToScrub() {
  scrub_->Add({.name = "log",
               .bytes = [this] { return log_->stats().log_bytes; },
               .read = [this](const Pace& pace) -> Result<ScrubbedSource> {
                 ASSIGN_OR_RETURN(const LogScrubbed log, ScrubLog(*log_, pace));
                 if (log.damaged_ranges > 0) sealer_->ReportDamagedLog(log.damaged_through);
                 return ScrubbedSource{.bytes = log.bytes,
                                       .files = log_->Segments().size(),
                                       .damaged = log.damaged_ranges};
               }});
}

void Store::Stop() {
  if (scrub_ != nullptr) scrub_->Stop();
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

bool Store::UpkeepPass(const std::stop_token& stop) {
  return upkeep_->Pass(stop);
}

Duration Store::ScrubStep() {
  return scrub_->Step();
}

ManifestPtr Store::Pin(const std::string& namespace_name) const {
  return manifests_->Pin(namespace_name);
}

Position Store::Sealed(model::CollectionId id) const {
  return manifests_->Sealed(id);
}

Split Store::SplitAt(const ManifestSnapshot& snapshot, model::CollectionId id,
                     Position floor) const {
  return store::SplitAt(snapshot.Find(id), floor, data_dir_, *repair_->suspects());
}

bool Store::ReportDamaged(const std::string& path) {
  const bool news =
      repair_->Suspect(std::filesystem::path(path).lexically_relative(data_dir_).native());
  if (news) upkeep_->Nudge();
  return news;
}

bool Store::ReportUnreadable(const std::string& path) {
  const bool news = repair_->SuspectUnreadable(
      std::filesystem::path(path).lexically_relative(data_dir_).native());
  if (news) upkeep_->Nudge();
  return news;
}

void Store::ReportDamagedCarry(const std::string& reason) {
  if (sealer_ != nullptr) sealer_->ReportDamagedCarry(reason);
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
                                     .dropped = parts->dropped,
                                     .lost = parts->lost});
    }
  }
  figures.carried_through = ReplayFrom();
  if (sealer_ != nullptr) {
    figures.released = sealer_->released();
    figures.carry_bytes = sealer_->carry_bytes();
  }
  figures.parts_to_remove = graveyard_.waiting();
  const auto suspects = repair_->suspects();
  figures.suspect_parts.assign(suspects->begin(), suspects->end());
  figures.ailment = ailment();
  figures.scrub = scrub_->Figures();
  return figures;
}

void Store::Configure(const Config& config) {
  Config next = config_.Get();
  next.seal = config.seal;
  next.merge = config.merge;
  next.retention = config.retention;
  config_.Set(std::move(next));
}

std::vector<RetentionDrop> Store::PlanRetention() const {
  return store::PlanRetention(manifests_->PinAll(), config_.Get().retention,
                              upkeep_->RetentionNow());
}

std::string Store::ailment() const {
  return sealer_ == nullptr ? std::string() : sealer_->ailment();
}

}  // namespace strata::store
