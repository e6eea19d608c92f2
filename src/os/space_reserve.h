// SpaceReserve: a file that takes disk space, to be given up when the disk is full, so that those
// who make room can finish; and the files through which they work.
//
// It holds no more than it can: another process may take the space before they do.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/mutex.h"
#include "base/result.h"
#include "os/forwarding_file_system.h"

namespace strata::os {

// Thread-safe.
class SpaceReserve {
 public:
  // `bytes` 0: there is no reserve. A file of that size that is there already counts as held.
  SpaceReserve(std::filesystem::path path, std::uint64_t bytes, FileSystem& files);

  // Takes the space, unless it was taken before; a file from an earlier life may be a copy that has
  // the size and not the space. kExhausted: there is not enough.
  Status Establish();
  // Gives it up. True: it was held, so that there is space now.
  bool GiveUp();

  std::uint64_t bytes() const { return bytes_; }
  // True also when there is none to hold.
  bool is_held() const { return bytes_ == 0 || held_.load(std::memory_order_acquire); }
  std::uint64_t times_given_up() const { return given_up_.load(std::memory_order_acquire); }

 private:
  const std::filesystem::path path_;
  const std::uint64_t bytes_;
  FileSystem& files_;
  Mutex mutex_;
  bool taken_ GUARDED_BY(mutex_) = false;  // by this object
  std::atomic<bool> held_{false};
  std::atomic<std::uint64_t> given_up_{0};
};

// The same files; a call that finds the disk full gives the reserve up and is made again, once. A
// sync is not: what it would prove is not known.
class ReservedFileSystem final : public ForwardingFileSystem {
 public:
  // Both outlive it and the files that it opens.
  ReservedFileSystem(FileSystem& files, SpaceReserve& reserve)
      : ForwardingFileSystem(files), reserve_(reserve) {}

  Result<std::unique_ptr<File>> Open(const Path& path, const OpenOptions& options) override;
  Status Rename(const Path& from, const Path& to) override;
  Status Remove(const Path& path) override;
  Status CreateDirectory(const Path& path) override;
  Result<std::unique_ptr<FileLock>> Lock(const Path& path) override;

 private:
  SpaceReserve& reserve_;
};

}  // namespace strata::os
