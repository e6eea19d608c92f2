#include "store/manifest.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "base/seeded_bug.h"
#include "os/quarantine.h"
#include "store/manifest_file.h"

namespace strata::store {
namespace {

// Edits may grow to this before a small manifest starts a fresh generation.
constexpr std::uint64_t kEditBytesMin = 64_KiB;

ManifestReport ReportOf(const ManifestReading& reading) {
  return {.generation = reading.generation,
          .bytes = reading.bytes,
          .torn_bytes = reading.torn_bytes,
          .lost_edits = reading.lost_edits,
          .damage = reading.damage};
}

void TellDamage(const std::string& namespace_name, const FileDamage& damage) {
  LogError("manifest file is damaged", {{"namespace", namespace_name},
                                        {"file", damage.name},
                                        {"offset", damage.offset},
                                        {"reason", damage.reason}});
}

}  // namespace

Manifest::Manifest(const Path& data_dir, const std::string& namespace_name, os::FileSystem& files)
    : data_dir_(data_dir),
      namespace_(namespace_name),
      folder_(ManifestFolder(data_dir, namespace_name)),
      files_(files) {}

Result<std::unique_ptr<Manifest>> Manifest::Open(const Path& data_dir,
                                                 const std::string& namespace_name,
                                                 os::FileSystem& files) {
  std::unique_ptr<Manifest> manifest(new Manifest(data_dir, namespace_name, files));
  if (auto loaded = manifest->Load(); !loaded) {
    return std::move(loaded).error().Within("manifest of namespace " + namespace_name);
  }
  return manifest;
}

Status Manifest::Load() {
  ASSIGN_OR_RETURN(ManifestReading reading, ReadManifest(folder_, namespace_, files_));
  const MutexLock lock(write_mutex_);
  generation_ = last_generation_ = reading.generation;
  end_ = reading.end_bytes;
  checkpoint_bytes_ = reading.checkpoint_bytes;
  poisoned_ = !reading.whole;
  report_ = ReportOf(reading);
  RETURN_IF_ERROR(MakeDurable(reading));
  {
    const MutexLock state_lock(state_mutex_);
    state_ = std::move(reading.state);
  }
  for (const FileDamage& damage : report_.damage) TellDamage(namespace_, damage);
  return Done{};
}

// A process that was killed may have left an edit in the page cache only, or a name that was not
// synced. What is read here counts from now on (segments are released, part files removed), so it
// has to be durable first. Written again, because a sync that failed in the life before leaves
// pages that look clean.
Status Manifest::MakeDurable(const ManifestReading& reading) {
  for (const ReadManifestBytes& read : reading.files) {
    if (read.bytes.size() <= read.edits_at) continue;
    ASSIGN_OR_RETURN(const auto file,
                     files_.Open(folder_ / read.name, {.access = os::Access::kReadWrite}));
    RETURN_IF_ERROR(file->WriteAt(read.edits_at, ByteSpan(read.bytes).subspan(read.edits_at)));
    RETURN_IF_ERROR(file->Sync());
  }
  return reading.files.empty() ? Status(Done{}) : files_.SyncDirectory(folder_);
}

Status Manifest::Renew() {
  const MutexLock lock(write_mutex_);
  RETURN_IF_ERROR(WriteAnew());
  return SetAsideDamaged(report_.damage);
}

Status Manifest::WriteAnew() {
  if (!poisoned_ || generation_ == 0) return Done{};
  return StartGeneration([](std::uint64_t) { return Bytes(); });
}

Status Manifest::SetAsideDamaged(const std::vector<FileDamage>& damage) {
  for (const FileDamage& one : damage) {
    const std::string path = std::string(kManifestFolder) + "/" + namespace_ + "/" + one.name;
    auto kept = os::SetAside(data_dir_, path, files_);
    if (!kept) {
      if (kept.error().code == Code::kNotFound) continue;
      damaged_.insert(one.name);
      return std::move(kept).error();
    }
    damaged_.erase(one.name);
    LogInfo("damaged manifest file moved to quarantine; what it said was written again",
            {{"path", *kept}});
  }
  return Done{};
}

Result<ManifestReport> Manifest::Scrub() {
  const MutexLock lock(write_mutex_);
  // Not yet written, or the next edit begins a generation anyway.
  if (generation_ == 0 || poisoned_) return ManifestReport{};
  ASSIGN_OR_RETURN(const ManifestReading reading, ReadManifest(folder_, namespace_, files_));
  ManifestReport report = ReportOf(reading);
  const bool same = reading.whole && reading.generation == generation_ &&
                    reading.end_bytes == end_ && reading.state->sequence == Pin()->sequence;
  if (same) return report;
  if (report.damage.empty()) {
    report.damage.push_back({MirrorFileName(generation_), 0, "it does not say what it should"});
  }
  for (const FileDamage& damage : report.damage) TellDamage(namespace_, damage);
  poisoned_ = true;
  RETURN_IF_ERROR(WriteAnew());
  RETURN_IF_ERROR(SetAsideDamaged(report.damage));
  return report;
}

std::uint64_t Manifest::file_bytes() const {
  const MutexLock lock(write_mutex_);
  return 2 * end_;
}

ManifestPtr Manifest::Pin() const {
  const MutexLock lock(state_mutex_);
  return state_;
}

Status Manifest::Apply(const Edit& edit) {
  const MutexLock lock(write_mutex_);
  const ManifestPtr before = Pin();
  StateBuilder builder(*before);
  const std::uint64_t sequence = before->sequence + 1;
  if (const Status fits = builder.Apply(edit, sequence); !fits) {
    LogError("edit contradicts the manifest", fits.error());
    CHECK(fits.has_value());
  }
  const bool fresh = generation_ == 0 || poisoned_ ||
                     end_ - checkpoint_bytes_ > std::max(kEditBytesMin, checkpoint_bytes_);
  if (fresh) {
    RETURN_IF_ERROR(StartGeneration(
        [&](std::uint64_t generation) { return EncodeEditRecord(edit, generation, sequence); }));
  } else {
    RETURN_IF_ERROR(Append(EncodeEditRecord(edit, generation_, sequence)));
  }
  ManifestPtr after = builder.Finish();
  const MutexLock state_lock(state_mutex_);
  state_ = std::move(after);
  return Done{};
}

// One file after the other, so that power loss tears at most one of them.
Status Manifest::Append(const Bytes& record) {
  // What fails may have reached the disk in part, and a second sync would prove nothing.
  poisoned_ = true;
  for (const std::string& name : {GenerationFileName(generation_), MirrorFileName(generation_)}) {
    ASSIGN_OR_RETURN(const auto file,
                     files_.Open(folder_ / name, {.access = os::Access::kReadWrite}));
    RETURN_IF_ERROR(file->WriteAt(end_, record));
    FaultPoint<"store.edit.written">();
    Status synced = file->Sync();
    if (SeededBug(Bug::kRetrySync) && !synced) synced = file->Sync();
    RETURN_IF_ERROR(std::move(synced));
    FaultPoint<"store.edit.synced">();
  }
  poisoned_ = false;
  end_ += record.size();
  return Done{};
}

Status Manifest::StartGeneration(const std::function<Bytes(std::uint64_t generation)>& records) {
  RETURN_IF_ERROR(files_.CreateDirectories(folder_));
  // A number is never tried twice: a failed try may yet turn up after a crash.
  const std::uint64_t generation = ++last_generation_;
  Bytes bytes = EncodeCheckpoint(*Pin(), generation);
  const std::uint64_t checkpoint_bytes = bytes.size();
  const Bytes more = records(generation);
  bytes.insert(bytes.end(), more.begin(), more.end());
  poisoned_ = true;
  FaultPoint<"store.checkpoint.encoded">();
  RETURN_IF_ERROR(WriteBoth(generation, bytes));
  FaultPoint<"store.checkpoint.durable">();
  const std::uint64_t previous = std::exchange(generation_, generation);
  poisoned_ = false;
  checkpoint_bytes_ = checkpoint_bytes;
  end_ = bytes.size();
  DropGenerationsBut(generation, previous);
  return Done{};
}

// Both are whole before one has its name; then one sync of the folder for the two.
Status Manifest::WriteBoth(std::uint64_t generation, const Bytes& bytes) {
  const Path names[] = {folder_ / GenerationFileName(generation),
                        folder_ / MirrorFileName(generation)};
  const auto fresh = [](const Path& path) { return Path(path.native() + ".new"); };
  for (const Path& path : names) {
    ASSIGN_OR_RETURN(const auto file, files_.Open(fresh(path), {.access = os::Access::kReadWrite,
                                                                .create = true,
                                                                .truncate = true}));
    RETURN_IF_ERROR(file->WriteAt(0, bytes));
    RETURN_IF_ERROR(file->Sync());
  }
  for (const Path& path : names) {
    RETURN_IF_ERROR(files_.Rename(fresh(path), path));
    FaultPoint<"store.checkpoint.renamed">();
  }
  return files_.SyncDirectory(folder_);
}

// Failures leave a file too many, which the next fresh generation tries again.
void Manifest::DropGenerationsBut(std::uint64_t newest, std::uint64_t previous) {
  const auto entries = files_.List(folder_);
  if (!entries) return;
  for (const os::DirectoryEntry& entry : *entries) {
    const auto generation = GenerationOf(entry.name);
    const bool stale = generation && *generation != newest && *generation != previous;
    if (!stale && !entry.name.ends_with(".new")) continue;
    if (damaged_.contains(entry.name)) continue;  // it could not be moved to quarantine yet
    if (const Status removed = files_.Remove(folder_ / entry.name); !removed) {
      LogWarn("old manifest file stays", removed.error(), {{"path", entry.name}});
    }
  }
}

}  // namespace strata::store
