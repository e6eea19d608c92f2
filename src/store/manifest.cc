#include "store/manifest.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "base/seeded_bug.h"
#include "store/manifest_file.h"

namespace strata::store {
namespace {

constexpr std::uint64_t kFileBytesMax = 4_GiB;
// Edits may grow to this before a small manifest starts a fresh generation.
constexpr std::uint64_t kEditBytesMin = 64_KiB;
constexpr const char* kQuarantine = "quarantine";

}  // namespace

Result<std::unique_ptr<Manifest>> Manifest::Open(const Path& folder,
                                                 const std::string& namespace_name,
                                                 os::FileSystem& files) {
  std::unique_ptr<Manifest> manifest(new Manifest(folder, files));
  if (auto loaded = manifest->Load(namespace_name); !loaded) {
    return std::move(loaded).error().Within("manifest of namespace " + namespace_name);
  }
  return manifest;
}

Manifest::Path Manifest::FileOf(std::uint64_t generation) const {
  return folder_ / GenerationFileName(generation);
}

Status Manifest::Load(const std::string& namespace_name) {
  auto empty = std::make_shared<ManifestSnapshot>();
  empty->namespace_name = namespace_name;
  state_ = std::move(empty);
  auto entries = files_.List(folder_);
  if (!entries) {
    if (entries.error().code == Code::kNotFound) return Done{};
    return std::move(entries).error();
  }
  std::vector<std::uint64_t> generations;
  for (const os::DirectoryEntry& entry : *entries) {
    if (const auto generation = GenerationOf(entry.name)) generations.push_back(*generation);
  }
  if (generations.empty()) return Done{};
  std::ranges::sort(generations);
  const std::uint64_t newest = generations.back();
  generations.pop_back();
  return LoadGeneration(newest, generations, namespace_name);
}

Status Manifest::LoadGeneration(std::uint64_t generation, const std::vector<std::uint64_t>& older,
                                const std::string& namespace_name) {
  const Path path = FileOf(generation);
  ASSIGN_OR_RETURN(const Bytes bytes, files_.ReadAll(path, kFileBytesMax));
  auto file = ParseManifest(bytes, generation, namespace_name);
  if (!file && file.error().code == Code::kNotFound) {
    return Repair(generation, bytes, older, namespace_name);
  }
  if (!file) return std::move(file).error().Within(path.native());
  const MutexLock lock(write_mutex_);
  generation_ = last_generation_ = generation;
  end_ = file->good_bytes;
  checkpoint_bytes_ = file->checkpoint_bytes;
  poisoned_ = file->torn_bytes > 0;
  RETURN_IF_ERROR(MakeDurable(bytes));
  report_.generation = generation;
  report_.torn_bytes = file->torn_bytes;
  report_.edits = file->state->sequence;
  state_ = std::move(file->state);
  return Done{};
}

// A process that was killed may have left an edit in the page cache only, or a name that was not
// synced. What is read here counts from now on (segments are released, part files removed), so it
// has to be durable first. Written again, because a sync that failed in the life before leaves
// pages that look clean.
Status Manifest::MakeDurable(ByteSpan bytes) {
  if (end_ > checkpoint_bytes_) {
    ASSIGN_OR_RETURN(const auto file,
                     files_.Open(FileOf(generation_), {.access = os::Access::kReadWrite}));
    RETURN_IF_ERROR(file->WriteAt(checkpoint_bytes_,
                                  bytes.subspan(checkpoint_bytes_, end_ - checkpoint_bytes_)));
    RETURN_IF_ERROR(file->Sync());
  }
  return files_.SyncDirectory(folder_);
}

// The checkpoint is the state at the end of the generation before: nothing is lost when that one is
// whole and the edits of this one follow on it.
Status Manifest::Repair(std::uint64_t generation, ByteSpan bytes,
                        const std::vector<std::uint64_t>& older,
                        const std::string& namespace_name) {
  const Path path = FileOf(generation);
  const Error damaged{Code::kCorrupt, path.native() + ": the checkpoint is damaged"};
  if (older.empty()) return Error(damaged);
  ASSIGN_OR_RETURN(const Bytes before, files_.ReadAll(FileOf(older.back()), kFileBytesMax));
  auto previous = ParseManifest(before, older.back(), namespace_name);
  if (!previous) return std::move(previous).error().Within(damaged.message);
  auto repaired = RepairCheckpoint(bytes, generation, *previous->state);
  if (!repaired) return std::move(repaired).error().Within(damaged.message);

  const Path quarantine = folder_ / kQuarantine;
  RETURN_IF_ERROR(files_.CreateDirectories(quarantine));
  RETURN_IF_ERROR(files_.ReplaceAll(quarantine / path.filename(), bytes));
  RETURN_IF_ERROR(files_.ReplaceAll(path, *repaired));
  LogWarn("manifest repaired from the generation before", {{"path", path.native()}});
  RETURN_IF_ERROR(LoadGeneration(generation, {}, namespace_name));
  report_.repaired = true;
  return Done{};
}

ManifestPtr Manifest::Pin() const {
  const MutexLock lock(state_mutex_);
  return state_;
}

std::uint64_t Manifest::file_bytes() const {
  const MutexLock lock(write_mutex_);
  return end_;
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
    RETURN_IF_ERROR(StartGeneration(edit, sequence));
  } else {
    RETURN_IF_ERROR(Append(EncodeEditRecord(edit, generation_, sequence)));
  }
  ManifestPtr after = builder.Finish();
  const MutexLock state_lock(state_mutex_);
  state_ = std::move(after);
  return Done{};
}

Status Manifest::Append(const Bytes& record) {
  // What fails may have reached the disk in part, and a second sync would prove nothing.
  poisoned_ = true;
  ASSIGN_OR_RETURN(const auto file,
                   files_.Open(FileOf(generation_), {.access = os::Access::kReadWrite}));
  RETURN_IF_ERROR(file->WriteAt(end_, record));
  FaultPoint<"store.edit.written">();
  Status synced = file->Sync();
  if (SeededBug(Bug::kRetrySync) && !synced) synced = file->Sync();
  RETURN_IF_ERROR(std::move(synced));
  FaultPoint<"store.edit.synced">();
  poisoned_ = false;
  end_ += record.size();
  return Done{};
}

Status Manifest::StartGeneration(const Edit& edit, std::uint64_t sequence) {
  RETURN_IF_ERROR(files_.CreateDirectories(folder_));
  // A number is never tried twice: a failed try may yet turn up after a crash.
  const std::uint64_t generation = ++last_generation_;
  Bytes bytes = EncodeCheckpoint(*Pin(), generation);
  const std::uint64_t checkpoint_bytes = bytes.size();
  const Bytes record = EncodeEditRecord(edit, generation, sequence);
  bytes.insert(bytes.end(), record.begin(), record.end());
  poisoned_ = true;
  FaultPoint<"store.checkpoint.encoded">();
  RETURN_IF_ERROR(files_.ReplaceAll(FileOf(generation), bytes));
  FaultPoint<"store.checkpoint.durable">();
  const std::uint64_t previous = std::exchange(generation_, generation);
  poisoned_ = false;
  checkpoint_bytes_ = checkpoint_bytes;
  end_ = bytes.size();
  DropGenerationsBut(generation, previous);
  return Done{};
}

// Failures leave a file too many, which the next fresh generation tries again.
void Manifest::DropGenerationsBut(std::uint64_t newest, std::uint64_t previous) {
  const auto entries = files_.List(folder_);
  if (!entries) return;
  for (const os::DirectoryEntry& entry : *entries) {
    const auto generation = GenerationOf(entry.name);
    const bool stale = generation && *generation != newest && *generation != previous;
    if (!stale && !entry.name.ends_with(".new")) continue;
    if (const Status removed = files_.Remove(folder_ / entry.name); !removed) {
      LogWarn("old manifest file stays", removed.error(), {{"path", entry.name}});
    }
  }
}

}  // namespace strata::store
