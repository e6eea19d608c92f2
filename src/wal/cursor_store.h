// The cursors of a running log and their file.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "os/file_system.h"
#include "wal/cursors.h"

namespace strata::wal {

// Thread-safe. A change is durable when its call returns success; after an error the old value
// holds in memory, and the file has the old one or the new one.
class CursorStore {
 public:
  CursorStore(os::FileSystem& files, std::filesystem::path path, CursorTable table)
      : files_(files), path_(std::move(path)), table_(std::move(table)) {}

  // Who the log is, and from where on it gives away positions. Sets some disk space aside, so that
  // cursors still move, and segments can be released, when the disk is full.
  Status Begin(const Hash128& id, Position floor);
  // kInvalidInput when it would go back.
  Status Set(std::string_view consumer, Position position);
  Status Forget(std::string_view consumer);
  Status SetReleased(Position position);  // never goes back

  // Reads the file back. A damaged one goes to quarantine and is written again. True: it was
  // damaged.
  Result<bool> Scrub();

  CursorTable table() const;
  Position Of(std::string_view consumer) const;

 private:
  Status Store(CursorTable table) REQUIRES(mutex_);
  std::filesystem::path ReservePath() const { return path_.native() + ".reserve"; }
  Status Reserve();

  os::FileSystem& files_;
  const std::filesystem::path path_;
  mutable Mutex mutex_;  // held while the file is written: one writer at a time
  CursorTable table_ GUARDED_BY(mutex_);
  bool in_doubt_ GUARDED_BY(mutex_) = false;  // the file may hold a change that failed
};

}  // namespace strata::wal
