// Manifest: the versioned list of a namespace's parts, kept in a folder of its own.
//
// The folder holds generations, each a file of one checkpoint and the edits after it, and a mirror
// of that file. An edit is one record, written to both and synced; when edits outweigh their
// checkpoint, or a write failed, the next edit goes into a fresh generation: written beside,
// synced, renamed, folder synced. Two generations are kept. What one file lost the other one has,
// and a fresh generation makes two of it again. docs/formats/manifest.md has the bytes and the
// rules.
//
// Threads: any. Apply() calls wait for each other; Pin() never waits for the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "os/file_system.h"
#include "store/manifest_reading.h"
#include "store/manifest_state.h"

namespace strata::store {

// What reading a manifest found out, and what became of it.
struct ManifestReport {
  std::uint64_t generation = 0;
  std::uint64_t bytes = 0;       // that were read
  std::uint64_t torn_bytes = 0;  // of an edit that was under way; cut
  bool lost_edits = false;       // what some edits said is in neither file
  std::vector<FileDamage> damage;
  // An edit may have been lost: parts that it listed may lie in the folder of parts.
  bool doubtful() const { return lost_edits || torn_bytes > 0; }
};

class Manifest {
 public:
  using Path = std::filesystem::path;

  // Reads `<data_dir>/manifest/<namespace_name>`; a folder that is missing or empty is an empty
  // manifest. What was read is made durable, and is not changed: damage is told in the report,
  // Renew() makes it good.
  // kInvalidInput: written by a version that this one does not know.
  static Result<std::unique_ptr<Manifest>> Open(const Path& data_dir,
                                                const std::string& namespace_name,
                                                os::FileSystem& files);

  // Makes the edit durable and then visible. After an error it is not visible, but a crash may
  // still bring it back: files that it names must stay, as they are, until the process ends.
  // Requires: the edit fits the state (a CHECK, it is ours).
  Status Apply(const Edit& edit);

  ManifestPtr Pin() const;

  // Writes two whole files again where Open() found damage, or an edit in one of them only; a
  // damaged one goes to quarantine. To be called when the state is complete: parts that only a lost
  // edit listed are in it again.
  Status Renew();

  // Reads the files of the generation in use and compares them with the state. What does not read
  // back goes to quarantine and is written again from the state, so that nothing is lost.
  Result<ManifestReport> Scrub();

  std::uint64_t file_bytes() const;  // of both files of the generation in use
  const ManifestReport& report() const { return report_; }  // of Open()

 private:
  Manifest(const Path& data_dir, const std::string& namespace_name, os::FileSystem& files);
  Status Load();
  Status MakeDurable(const ManifestReading& reading) REQUIRES(write_mutex_);
  Status Append(const Bytes& record) REQUIRES(write_mutex_);
  // `records` follow the checkpoint of the present state.
  Status StartGeneration(const std::function<Bytes(std::uint64_t generation)>& records)
      REQUIRES(write_mutex_);
  Status WriteBoth(std::uint64_t generation, const Bytes& bytes);
  // Makes two whole files of the state, if they are not.
  Status WriteAnew() REQUIRES(write_mutex_);
  Status SetAsideDamaged(const std::vector<FileDamage>& damage) REQUIRES(write_mutex_);
  void DropGenerationsBut(std::uint64_t newest, std::uint64_t previous) REQUIRES(write_mutex_);

  const Path data_dir_;
  const std::string namespace_;
  const Path folder_;
  os::FileSystem& files_;
  ManifestReport report_;

  mutable Mutex write_mutex_;
  std::uint64_t generation_ GUARDED_BY(write_mutex_) = 0;       // in use, 0: none was written yet
  std::uint64_t last_generation_ GUARDED_BY(write_mutex_) = 0;  // highest number ever tried
  std::uint64_t end_ GUARDED_BY(write_mutex_) = 0;              // where the next record goes
  std::uint64_t checkpoint_bytes_ GUARDED_BY(write_mutex_) = 0;
  // The files are not two of the same any more (a torn tail, a failed write): they take no more.
  bool poisoned_ GUARDED_BY(write_mutex_) = false;
  std::set<std::string> damaged_ GUARDED_BY(write_mutex_);  // files that quarantine did not get yet

  mutable Mutex state_mutex_;
  ManifestPtr state_ GUARDED_BY(state_mutex_);
};

}  // namespace strata::store
