// Manifest: the versioned list of a namespace's parts, kept in a folder of its own.
//
// The folder holds generations, each a file of one checkpoint and the edits after it. An edit is
// one record, written and synced; when edits outweigh their checkpoint, or a write failed, the next
// edit goes into a fresh generation: written beside, synced, renamed, folder synced. Two
// generations are kept. docs/formats/manifest.md has the bytes and the recovery rule.
//
// Threads: any. Apply() calls wait for each other; Pin() never waits for the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "os/file_system.h"
#include "store/manifest_state.h"

namespace strata::store {

// What opening a manifest found out.
struct ManifestReport {
  std::uint64_t generation = 0;
  std::uint64_t edits = 0;       // read after the checkpoint
  std::uint64_t torn_bytes = 0;  // of an edit that was under way; cut
  // The checkpoint of the newest generation was damaged and was written again from the generation
  // before it; the damaged file is now in the folder's quarantine/.
  bool repaired = false;
};

class Manifest {
 public:
  using Path = std::filesystem::path;

  // Reads the newest generation of `folder`; a folder that is missing or empty is an empty
  // manifest, and nothing is written for it. kCorrupt: bytes that were durable once do not read
  // back, and what they said is nowhere else; the message names file and byte, and no file is
  // touched.
  static Result<std::unique_ptr<Manifest>> Open(const Path& folder,
                                                const std::string& namespace_name,
                                                os::FileSystem& files);

  // Makes the edit durable and then visible. After an error it is not visible, but a crash may
  // still bring it back: files that it names must stay, as they are, until the process ends.
  // Requires: the edit fits the state (a CHECK, it is ours).
  Status Apply(const Edit& edit);

  ManifestPtr Pin() const;

  const ManifestReport& report() const { return report_; }
  std::uint64_t file_bytes() const;  // of the generation in use

 private:
  Manifest(const Path& folder, os::FileSystem& files) : folder_(folder), files_(files) {}
  Status Load(const std::string& namespace_name);
  Status LoadGeneration(std::uint64_t generation, const std::vector<std::uint64_t>& older,
                        const std::string& namespace_name);
  Status Repair(std::uint64_t generation, ByteSpan bytes, const std::vector<std::uint64_t>& older,
                const std::string& namespace_name);
  Status MakeDurable(ByteSpan bytes) REQUIRES(write_mutex_);
  Status Append(const Bytes& record) REQUIRES(write_mutex_);
  Status StartGeneration(const Edit& edit, std::uint64_t sequence) REQUIRES(write_mutex_);
  void DropGenerationsBut(std::uint64_t newest, std::uint64_t previous) REQUIRES(write_mutex_);
  Path FileOf(std::uint64_t generation) const;

  const Path folder_;
  os::FileSystem& files_;
  ManifestReport report_;

  mutable Mutex write_mutex_;
  std::uint64_t generation_ GUARDED_BY(write_mutex_) = 0;       // in use, 0: none was written yet
  std::uint64_t last_generation_ GUARDED_BY(write_mutex_) = 0;  // highest number ever tried
  std::uint64_t end_ GUARDED_BY(write_mutex_) = 0;              // where the next record goes
  std::uint64_t checkpoint_bytes_ GUARDED_BY(write_mutex_) = 0;
  // The bytes at end_ are unknown (a torn tail, a failed write): the file takes no more.
  bool poisoned_ GUARDED_BY(write_mutex_) = false;

  mutable Mutex state_mutex_;
  ManifestPtr state_ GUARDED_BY(state_mutex_);
};

}  // namespace strata::store
