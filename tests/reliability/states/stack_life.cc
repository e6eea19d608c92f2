#include "states/stack_life.h"

#include <set>
#include <vector>

namespace strata::reliability {
namespace {

std::string At(const std::string& what, Position position) {
  return what + " at position " + std::to_string(position);
}

StackConfig Placed(StackConfig config) {
  config.log.directory = config.folder / "wal";
  config.log.pinning_consumers = {std::string(ingest::kDedupConsumer)};
  config.store.data_dir = config.folder;
  return config;
}

// All files below a folder, which may be missing.
Status AddFiles(os::FileSystem& files, const std::filesystem::path& folder,
                std::vector<std::string>& found) {
  const auto entries = files.List(folder);
  if (!entries && entries.error().code == Code::kNotFound) return Done{};
  if (!entries) return entries.error();
  for (const os::DirectoryEntry& entry : *entries) {
    const std::filesystem::path path = folder / entry.name;
    if (entry.type == os::EntryType::kDirectory) {
      RETURN_IF_ERROR(AddFiles(files, path, found));
    } else {
      found.push_back(path.native());
    }
  }
  return Done{};
}

}  // namespace

StackLife::StackLife(os::FileSystem& files, const StackConfig& config, StackOracle& oracle,
                     std::uint64_t seed)
    : files_(files),
      config_(Placed(config)),
      oracle_(oracle),
      random_(seed),
      clock_(std::chrono::nanoseconds(oracle.elapsed_ns)),
      hot_(config_.hot, clock_),
      pipeline_(config_.pipeline, hot_, collections_, clock_, registry_) {}

StackLife::~StackLife() {
  if (log_ != nullptr) log_->Stop();
}

Status StackLife::Open() {
  RETURN_IF_ERROR(files_.CreateDirectories(config_.folder));
  ASSIGN_OR_RETURN(log_, wal::Log::Open(config_.log, files_, clock_, pipeline_));
  pipeline_.Attach(*log_);
  source_ = std::make_unique<store::WalSource>(*log_);
  writer_ = MakePartWriter(config_.parts, files_);
  ASSIGN_OR_RETURN(
      store_, store::Store::Open(config_.store, files_, clock_, collections_, *writer_, registry_));
  dedup_ = std::make_unique<ingest::DedupFile>(config_.folder, pipeline_, *log_, files_);
  RETURN_IF_ERROR(dedup_->Load());
  return Replay();
}

Status StackLife::Replay() {
  store_->RestoreHot(hot_);
  ingest::Replayer replayer(hot_, collections_, 1);
  const Status read = [&]() -> Status {
    RETURN_IF_ERROR(store_->ReplayCarry(
        *source_, [&](const wal::FrameView& frame) { return replayer.AddCopy(frame); }));
    ASSIGN_OR_RETURN(const auto logged,
                     log_->ReplayBatches(store_->ReplayFrom(), 1_MiB, [&](wal::FrameBatch&& batch) {
                       return replayer.Add(std::move(batch));
                     }));
    for (const wal::PositionRange& lost : logged.lost) {
      if (!expects_damage_) return Error{Code::kCorrupt, At("lost", lost.first)};
      for (Position p = lost.first; p <= lost.last; ++p) told_.insert(p);
    }
    return Done{};
  }();
  auto report = replayer.Finish();
  RETURN_IF_ERROR(read);
  if (!report) return std::move(report).error();
  replayed_ = *report;
  pipeline_.definitions().MarkAllDefined();
  return Done{};
}

Status StackLife::Start() {
  RETURN_IF_ERROR(log_->Start(/*threads=*/false));
  store_->Start(hot_, *source_, /*threads=*/false);
  pipeline_.Accept();
  started_ = true;
  return Done{};
}

bool StackLife::OpenAndStart() {
  boot_ = Open();
  if (boot_) boot_ = Start();
  return boot_.has_value();
}

void StackLife::Send(std::size_t index) {
  const Request& request = oracle_.At(index);
  pipeline_.Ingest({.kind = model::Kind::kLogs,
                    .namespace_name = request.namespace_name,
                    .idempotency_key = request.key,
                    .payload = Buffer::CopyOf(AsBytes(request.payload))},
                   [this, index](ingest::IngestOutcome&& outcome) {
                     oracle_.Answered(index, outcome, clock_.WallNanos());
                   });
}

std::size_t StackLife::SendNew(const std::string& namespace_name, std::uint32_t records,
                               std::uint32_t body_bytes) {
  const bool with_key = random_() % 4 == 0;
  const std::size_t index = oracle_.NewRequest(namespace_name, records, body_bytes, with_key);
  Send(index);
  return index;
}

void StackLife::Drive(int pieces) {
  for (int i = 0; i < pieces; ++i) {
    if (random_() % 2 == 0 ? !log_->CommitOnce() : !log_->StockOnce()) {
      static_cast<void>(log_->CommitOnce());
    }
  }
}

void StackLife::Settle() {
  bool worked = true;
  while (worked) {
    const bool committed = log_->CommitOnce();
    worked = log_->StockOnce() || committed;
  }
}

void StackLife::Seal() {
  Settle();
  static_cast<void>(store_->SealPass().has_value());
}

void StackLife::Merge() {
  static_cast<void>(store_->UpkeepPass());
}

void StackLife::SaveDedup() {
  static_cast<void>(dedup_->Save().has_value());
}

void StackLife::Advance(std::chrono::nanoseconds by) {
  clock_.Advance(by);
  oracle_.elapsed_ns += by.count();
  const auto keep = config_.store.retention.by_kind[static_cast<std::size_t>(model::Kind::kLogs)];
  if (keep.count() != 0) oracle_.MayDropUntil(clock_.WallNanos() - keep.count());
}

// As Instance::Stop().
void StackLife::Stop() {
  pipeline_.Refuse("stopping");
  store_->Stop();
  log_->Stop();
  static_cast<void>(store_->SealAll(MonotonicTime::max()));
  SaveDedup();
}

std::string StackLife::Check(bool fresh) {
  if (!oracle_.violation().empty()) return oracle_.violation();
  std::string wrong = CheckReports();
  if (wrong.empty()) wrong = CheckLog();
  for (const model::Collection* collection : collections_.All()) {
    if (wrong.empty()) wrong = CheckNamespace(*collection);
  }
  for (std::size_t i = 0; i < oracle_.size() && wrong.empty(); ++i) {
    const Request& request = oracle_.At(i);
    if (request.receipt == 0 || MayBeMissing(request)) continue;
    if (collections_.Find(request.namespace_name, "logs") == nullptr) {
      wrong = "the collection of namespace " + request.namespace_name + " is unknown";
    }
  }
  if (wrong.empty() && fresh) wrong = CheckFiles();
  return wrong;
}

void StackLife::ExpectDamage(const std::set<Position>& told) {
  expects_damage_ = true;
  told_ = told;
}

std::string StackLife::CheckReports() const {
  if (expects_damage_) return "";
  const wal::RecoveryReport report = log_->recovery();
  if (!report.damage.empty()) return "log reported as damaged: " + report.damage[0].reason;
  if (!report.foreign.empty()) return "log reported as foreign: " + report.foreign[0].reason;
  if (report.cursors_lost) return "cursors are reported as lost";
  if (!store_->report().parts.missing.empty()) {
    return "missing: " + store_->report().parts.missing.front()->path;
  }
  if (replayed_.faulty != 0) return "a frame cannot be served as it was acknowledged";
  return "";
}

// Frames that the log still has: the bytes that were sent, each at most once.
std::string StackLife::CheckLog() {
  std::string wrong;
  std::set<std::size_t> seen;
  const Position published = log_->published();
  const auto visit = [&](const wal::FrameView& frame) -> Status {
    if (frame.info.type != wal::FrameType::kRecords) return Done{};
    const auto index = oracle_.Find(AsText(frame.payload));
    if (!index) {
      wrong = At("the log holds other bytes than were sent", frame.position);
    } else if (oracle_.At(*index).receipt != 0 && oracle_.At(*index).receipt != frame.position) {
      wrong = At("the log holds a request that was acked elsewhere", frame.position);
    } else if (!seen.insert(*index).second) {
      wrong = At("the log holds a request twice, again", frame.position);
    }
    return Done{};
  };
  if (log_->oldest() == 0) return "";
  const auto read = log_->Read(log_->oldest(), published, visit);
  if (!read) return "the log cannot be read: " + read.error().message;
  if (!read->lost.empty() && !expects_damage_) return At("lost", read->lost[0].first);
  return wrong;
}

// What a reader sees (store/split.h). A part that does not read back is told to the store, as query
// does, and the reader looks again.
Result<RowsByPosition> StackLife::Visible(const model::Collection& collection) {
  RowsByPosition all;
  const Position floor = hot_.Floor(collection.id);
  const store::ManifestPtr manifest = store_->Pin(collection.namespace_name);
  const store::Split split = store_->SplitAt(*manifest, collection.id, floor);
  for (const duck::MissingRows& missing : split.missing) {
    for (Position p = missing.min_position; p <= missing.max_position; ++p) told_.insert(p);
  }
  for (const duck::PartRef& part : split.parts) {
    const auto read = ReadPart(config_.parts, part, files_);
    if (!read && expects_damage_ && store_->ReportDamaged(part.path)) return Visible(collection);
    ASSIGN_OR_RETURN(const auto rows, read);
    for (const auto& [position, of] : *rows) {
      PositionRows& slot = all[position];
      slot.rows += of.rows;
      slot.body = of.body;
    }
  }
  for (const auto& slice : hot_.Slices(collection.id, split.through, log_->published())) {
    for (std::uint32_t i = slice.first_run; i < slice.last_run; ++i) {
      const model::Run& run = slice.block->runs()[i];
      PositionRows& slot = all[run.position];
      slot.rows += run.end - run.begin;
      slot.body = BodyOf(*slice.block, run.begin, run.end);
    }
  }
  return all;
}

bool StackLife::MayBeMissing(const Request& request) const {
  return request.may_be_dropped || told_.contains(request.receipt);
}

std::string StackLife::CheckNamespace(const model::Collection& collection) {
  auto visible = Visible(collection);
  if (!visible) return "a part cannot be read: " + visible.error().message;
  std::size_t unacked = 0;
  for (std::size_t i = 0; i < oracle_.size(); ++i) {
    const Request& request = oracle_.At(i);
    if (request.namespace_name != collection.namespace_name) continue;
    if (request.receipt == 0) {
      ++unacked;
      continue;
    }
    const auto found = visible->find(request.receipt);
    if (found == visible->end()) {
      if (MayBeMissing(request)) continue;
      return At("acked request " + std::to_string(i) + " is gone", request.receipt);
    }
    if (found->second.rows != request.records) {
      return At(std::to_string(found->second.rows) + " rows instead of " +
                    std::to_string(request.records),
                request.receipt);
    }
    const std::string& body = found->second.body;
    if (!body.empty() && !body.starts_with("request " + std::to_string(i) + " ")) {
      return At("rows of another request", request.receipt);
    }
    visible->erase(found);
  }
  // The rest was never acknowledged: whole requests, no more than were sent.
  if (visible->size() > unacked) {
    return At("more requests are visible than were sent", visible->begin()->first);
  }
  return "";
}

// No part is there that nobody lists.
std::string StackLife::CheckFiles() const {
  std::set<std::string> listed;
  for (const model::Collection* collection : collections_.All()) {
    const store::ManifestPtr manifest = store_->Pin(collection->namespace_name);
    const store::CollectionParts* parts = manifest->Find(collection->id);
    if (parts == nullptr) continue;
    for (const store::PartPtr& part : parts->parts) {
      listed.insert((config_.store.data_dir / part->path).native());
      listed.insert((config_.store.data_dir / store::FilterPath(part->path)).native());
    }
  }
  std::vector<std::string> found;
  if (const Status walked = AddFiles(files_, config_.folder / store::kPartsFolder, found);
      !walked) {
    return "the parts cannot be listed: " + walked.error().message;
  }
  for (const std::string& path : found) {
    if (!listed.contains(path)) return "nobody lists " + path;
  }
  return "";
}

}  // namespace strata::reliability
