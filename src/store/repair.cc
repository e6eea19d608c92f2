#include "store/repair.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "os/quarantine.h"
#include "os/stoppable_file_system.h"

namespace strata::store {
namespace {

constexpr std::chrono::minutes kRetryAfter{1};
// A disk may be away for minutes: a cable, a controller, a path of a network.
constexpr std::uint32_t kRefusalsMax = 10;

}  // namespace

void Repair::Use(hot::Hot& hot, LogSource& log) {
  hot_ = &hot;
  log_ = &log;
}

bool Repair::Suspect(const std::string& path) {
  const MutexLock lock(mutex_);
  if (suspects_->contains(path)) return false;
  auto more = std::make_shared<PathSet>(*suspects_);
  more->insert(path);
  suspects_ = std::move(more);
  return true;
}

bool Repair::SuspectUnreadable(const std::string& path) {
  return AnyOtherReads(path, AllParts(), at_.config().data_dir, at_.files) && Suspect(path);
}

void Repair::Clear(const std::string& path) {
  if (const auto at = pending_.find(path); at != pending_.end()) {
    const Pending& pending = at->second;
    if (pending.unlisted && !pending.edit_was_tried) {
      for (const PartPtr& again : pending.unlisted->parts) RemoveUnlisted(at_, again->path);
    }
    pending_.erase(at);
  }
  const MutexLock lock(mutex_);
  auto fewer = std::make_shared<PathSet>(*suspects_);
  fewer->erase(path);
  suspects_ = std::move(fewer);
}

std::shared_ptr<const PathSet> Repair::suspects() const {
  const MutexLock lock(mutex_);
  return suspects_;
}

bool Repair::SuspectFilter(const std::string& part_path) {
  const MutexLock lock(mutex_);
  return suspect_filters_.insert(part_path).second;
}

bool Repair::HasWork() const {
  const MutexLock lock(mutex_);
  return !suspects_->empty() || !suspect_filters_.empty();
}

void Repair::Judge(const std::stop_token& stop) {
  if (hot_ == nullptr) return;
  stop_ = stop;
  JudgeFilters();
  PathSet left = *suspects();
  if (left.empty()) return;
  const MonotonicTime now = at_.clock.Monotonic();
  for (const ManifestPtr& manifest : at_.manifests.PinAll()) {
    for (const CollectionPartsPtr& parts : manifest->collections) {
      for (const PartPtr& part : parts->parts) {
        if (stop_.stop_requested()) return;
        if (left.erase(part->path) == 0) continue;
        const auto pending = pending_.find(part->path);
        if (pending != pending_.end() && now < pending->second.retry_at) continue;
        if (const Status judged = JudgeOne(part, parts->collection); !judged) {
          if (stop_.stop_requested()) return;
          LogWarn(
              "a damaged part is left out of answers; taking it out of the manifest will be "
              "tried again",
              judged.error(), {{"path", part->path}});
          pending_[part->path].retry_at = now + kRetryAfter;
        }
      }
    }
  }
  for (const std::string& path : left) Clear(path);  // no manifest lists it any more
}

// What fails is found again by the next scrub.
void Repair::JudgeFilters() {
  PathSet paths;
  {
    const MutexLock lock(mutex_);
    paths.swap(suspect_filters_);
  }
  if (paths.empty()) return;
  for (const ManifestPtr& manifest : at_.manifests.PinAll()) {
    for (const CollectionPartsPtr& parts : manifest->collections) {
      for (const PartPtr& part : parts->parts) {
        if (stop_.stop_requested()) return;
        if (!paths.contains(part->path)) continue;
        if (const Status judged = JudgeFilter(part, parts->collection); !judged) {
          LogWarn("a damaged filter stays", judged.error(), {{"path", part->path}});
        }
      }
    }
  }
}

Status Repair::JudgeFilter(const PartPtr& part, const model::Collection& collection) {
  const Verdict verdict = CheckFilter(*part, at_.config().data_dir, at_.files, {});
  if (!verdict.is_damage()) return Done{};
  auto kept = os::SetAside(at_.config().data_dir, FilterPath(part->path), at_.files);
  if (!kept && kept.error().code != Code::kNotFound) return std::move(kept).error();
  Edit edit;
  edit.emplace_back(RemovePart{
      .collection = part->collection, .min_position = part->min_position(), .path = part->path});
  edit.emplace_back(AddPart{WithoutFilter(*part)});
  RETURN_IF_ERROR(at_.manifests.Apply(collection.namespace_name, edit));
  LogWarn("a trace filter is damaged and in quarantine; lookups by trace id read more of its part",
          {{"path", part->path}, {"reason", verdict.reason}});
  return Done{};
}

// What a cable or memory did to one reading is not told as damage of the disk.
Verdict Repair::CheckTwice(const Part& part) {
  const Pace pace = [this](std::uint64_t) { return !stop_.stop_requested(); };
  const Verdict verdict = CheckPart(part, at_.config().data_dir, at_.files, pace);
  return verdict.is_suspicious() ? CheckPart(part, at_.config().data_dir, at_.files, pace)
                                 : verdict;
}

Status Repair::JudgeOne(const PartPtr& part, const model::Collection& collection) {
  const Verdict verdict = CheckTwice(*part);
  if (verdict.soundness == Soundness::kSound) {
    LogWarn("a part that did not read back does now, and is part of answers again",
            {{"path", part->path}});
    Clear(part->path);
    return Done{};
  }
  if (!verdict.is_suspicious()) return Error{Code::kUnavailable, verdict.reason};
  if (verdict.soundness == Soundness::kGone) RETURN_IF_ERROR(CheckNotUnmounted());
  Pending& pending = pending_[part->path];
  // An attempt before may have moved it.
  if (verdict.soundness != Soundness::kGone || pending.reason.empty()) {
    pending.reason = verdict.reason;
  }
  if (verdict.soundness == Soundness::kUnreadable) {
    RETURN_IF_ERROR(JudgeUnreadable(part, collection, pending));
  }
  RETURN_IF_ERROR(Replace(part, collection, pending));
  Clear(part->path);
  return Done{};
}

// Success: it is to be replaced.
Status Repair::JudgeUnreadable(const PartPtr& part, const model::Collection& collection,
                               Pending& pending) {
  ++pending.refusals;
  if (!pending.unlisted) {
    ASSIGN_OR_RETURN(pending.unlisted, Rebuild(*part, collection));
  }
  if (!LostOf(*part, *pending.unlisted)) return Done{};
  if (pending.refusals < kRefusalsMax) {
    return Error{Code::kIo, pending.reason + " (" + std::to_string(pending.refusals) +
                                " times; its rows are given up after " +
                                std::to_string(kRefusalsMax) + ")"};
  }
  if (!AnyOtherReads(part->path, AllParts(), at_.config().data_dir, at_.files)) {
    return Error{Code::kIo, pending.reason + "; no other part can be read either"};
  }
  return Done{};
}

std::vector<PartPtr> Repair::AllParts() const {
  std::vector<PartPtr> all;
  for (const ManifestPtr& manifest : at_.manifests.PinAll()) {
    for (const CollectionPartsPtr& parts : manifest->collections) {
      all.insert(all.end(), parts->parts.begin(), parts->parts.end());
    }
  }
  return all;
}

// A disk that is not mounted has lost nothing.
Status Repair::CheckNotUnmounted() const {
  if (!AllGone(AllParts(), at_.config().data_dir, at_.files)) return Done{};
  return Error{Code::kIo, "all parts are gone at once: a disk may not be mounted"};
}

Status Repair::Replace(const PartPtr& part, const model::Collection& collection, Pending& pending) {
  ASSIGN_OR_RETURN(const std::string kept, SetAsideFiles(*part));
  if (!pending.unlisted) {
    ASSIGN_OR_RETURN(pending.unlisted, Rebuild(*part, collection));
  }
  const Rebuilt& rebuilt = *pending.unlisted;
  Edit edit;
  edit.emplace_back(RemovePart{
      .collection = part->collection, .min_position = part->min_position(), .path = part->path});
  for (const PartPtr& again : rebuilt.parts) edit.emplace_back(AddPart{again});
  if (auto lost = LostOf(*part, rebuilt)) {
    lost->found_ns = at_.clock.WallNanos();
    lost->file = kept;
    lost->reason = pending.reason;
    if (part->info->bytes != kNotDescribed) lost->part = part;
    edit.emplace_back(LoseRows{.collection = part->collection, .lost = *std::move(lost)});
  }
  pending.edit_was_tried = true;
  RETURN_IF_ERROR(at_.manifests.Apply(collection.namespace_name, edit));
  at_.metrics.damaged_parts.Add();
  at_.metrics.rebuilt_rows.Add(rebuilt.rows);
  Tell(*part, collection, pending.reason, kept, rebuilt);
  return Done{};
}

// Of a part that is not described the first row is at its first position: without it there is a
// gap.
std::optional<LostRows> Repair::LostOf(const Part& part, const Rebuilt& rebuilt) {
  const bool described = part.info->bytes != kNotDescribed;
  const bool lost =
      described ? part.rows() > rebuilt.rows : !rebuilt.gap.empty() || rebuilt.rows == 0;
  if (!lost) return std::nullopt;
  const wal::PositionRange all{.first = part.min_position(), .last = part.max_position()};
  const wal::PositionRange unsure = rebuilt.from_log.empty() ? all : rebuilt.from_log;
  return LostRows{.positions = rebuilt.gap.empty() ? unsure : rebuilt.gap,
                  .rows = described ? part.rows() - rebuilt.rows : 0,
                  .min_time = part.info->min_time,
                  .max_time = part.info->max_time,
                  .last_arrival_ns = part.last_arrival_ns,
                  .file = {},
                  .reason = {}};
}

void Repair::Tell(const Part& part, const model::Collection& collection, const std::string& reason,
                  const std::string& kept, const Rebuilt& rebuilt) const {
  const auto lost = LostOf(part, rebuilt);
  LogWarn("part is damaged and in quarantine", {{"path", part.path},
                                                {"quarantine", kept},
                                                {"reason", reason},
                                                {"namespace", collection.namespace_name},
                                                {"collection", collection.name},
                                                {"rebuilt_rows", rebuilt.rows},
                                                {"lost_rows", lost ? lost->rows : 0}});
  if (!lost) return;
  LogError("rows that were acknowledged are lost", {{"namespace", collection.namespace_name},
                                                    {"collection", collection.name},
                                                    {"rows", lost->rows},
                                                    {"first_position", lost->positions.first},
                                                    {"last_position", lost->positions.last},
                                                    {"min_time_ns", lost->min_time},
                                                    {"max_time_ns", lost->max_time}});
}

// Where the file is now; empty when it was not there. An attempt before may have moved it already.
Result<std::string> Repair::SetAsideFiles(const Part& part) {
  for (const std::string& path : {FilterPath(part.path), part.path}) {
    auto kept = os::SetAside(at_.config().data_dir, path, at_.files);
    if (!kept && kept.error().code != Code::kNotFound) return std::move(kept).error();
    if (kept && path == part.path) return *kept;
  }
  const std::string before = os::QuarantinePath(part.path);
  ASSIGN_OR_RETURN(const bool is_there, at_.files.Exists(at_.config().data_dir / before));
  return is_there ? before : std::string();
}

Result<Repair::Rebuilt> Repair::Rebuild(const Part& part, const model::Collection& collection) {
  Rebuilt rebuilt;
  Status found = AddFromMemory(part, collection, rebuilt);
  if (found && !rebuilt.from_log.empty()) found = AddFromLog(part, collection, rebuilt);
  if (found) return rebuilt;
  for (const PartPtr& again : rebuilt.parts) RemoveUnlisted(at_, again->path);
  return std::move(found).error();
}

// Every row above the floor is in memory, unless it rose meanwhile.
Status Repair::AddFromMemory(const Part& part, const model::Collection& collection,
                             Rebuilt& rebuilt) {
  std::vector<model::BlockSlice> slices;
  Position floor = hot_->Floor(collection.id);
  for (Position before = floor + 1; before != floor && floor < part.max_position();) {
    before = floor;
    slices =
        hot_->Slices(collection.id, std::max(floor, part.min_position() - 1), part.max_position());
    floor = hot_->Floor(collection.id);
  }
  if (floor >= part.max_position()) slices.clear();
  rebuilt.from_log = {.first = part.min_position(), .last = std::min(floor, part.max_position())};
  return slices.empty() ? Status(Done{}) : Write(part, collection, slices, rebuilt);
}

Status Repair::AddFromLog(const Part& part, const model::Collection& collection, Rebuilt& rebuilt) {
  const Position last = rebuilt.from_log.last;
  for (Position next = part.min_position(); next <= last;) {
    const Position oldest = log_->oldest();
    const Position from = oldest == 0 ? last + 1 : std::max(next, oldest);
    if (from > next) {
      if (rebuilt.gap.empty()) rebuilt.gap.first = next;
      next = std::min(from, last + 1);
      rebuilt.gap.last = next - 1;
      continue;
    }
    if (stop_.stop_requested()) return os::StoppedError();
    auto again = log_->Reread(collection, {.first = next, .last = last});
    if (!again && again.error().code == Code::kNotFound) {
      if (log_->oldest() > next) continue;  // released meanwhile
      return Done{};                        // its frames cannot be decoded here
    }
    if (!again) return std::move(again).error();
    CHECK(again->through >= next);
    if (!again->slices.empty()) RETURN_IF_ERROR(Write(part, collection, again->slices, rebuilt));
    next = again->through + 1;
  }
  return Done{};
}

Status Repair::Write(const Part& part, const model::Collection& collection,
                     std::span<const model::BlockSlice> slices, Rebuilt& rebuilt) {
  Position first = part.max_position();
  Position last = part.min_position();
  for (const model::BlockSlice& slice : slices) {
    first = std::min(first, slice.first_position());
    last = std::max(last, slice.last_position());
  }
  ASSIGN_OR_RETURN(const std::string path,
                   NewPartPath(at_, collection, part.first_arrival_ns, first, last, part.path));
  auto info = at_.writer.Write(collection.kind, slices, (at_.config().data_dir / path).native());
  if (!info) {
    RemoveUnlisted(at_, path);
    return std::move(info).error();
  }
  rebuilt.rows += info->rows;
  rebuilt.parts.push_back(std::make_shared<const Part>(
      Part{.collection = collection.id,
           .path = path,
           .first_arrival_ns = part.first_arrival_ns,
           .last_arrival_ns = part.last_arrival_ns,
           .info = std::make_shared<const duck::PartInfo>(*std::move(info))}));
  return Done{};
}

}  // namespace strata::store
