// Every file operation of the product goes through this seam. Two implementations: the machine's
// own files (os/real_file_system.h) and a deterministic disk that loses power
// (os/simulated_disk.h).
//
// What is durable when:
//   bytes     after File::Sync() returned success, or after WriteAt() on a file opened with
//             WriteMode::kDirectSync
//   names     after SyncDirectory() of the parent folder returned success; that holds for created,
//             renamed and removed files and folders alike
// After a failed write or sync nothing is known about the bytes that were under way, and a second
// sync proves nothing: do not retry on that File.
//
// Errors: Code::kNotFound for a missing path, Code::kConflict for an existing one (`exclusive`) and
// for a lock that another process holds, Code::kExhausted when the disk or quota is full (ENOSPC,
// EDQUOT: see IsNoSpace), Code::kIo for everything else. Messages carry the path and the text of
// errno. Interrupted and short operations are resumed and never seen by callers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace strata::os {

// True when the disk (or a quota) was full: freeing space helps, nothing is broken.
inline bool IsNoSpace(const Error& error) {
  return error.code == Code::kExhausted;
}

enum class Access : std::uint8_t { kRead, kReadWrite };

enum class WriteMode : std::uint8_t {
  kBuffered,    // through the page cache; durable after Sync()
  kDirectSync,  // O_DIRECT | O_DSYNC: WriteAt() returns when the bytes are durable
};

struct OpenOptions {
  Access access = Access::kRead;
  bool create = false;     // make the file when it is missing
  bool exclusive = false;  // with create: refuse a file that exists
  bool truncate = false;   // drop the old content
  // Past the page cache for reads, too, when not kBuffered. Where the file system refuses it
  // (tmpfs, some network and overlay file systems), the file is opened buffered and every WriteAt()
  // is followed by fdatasync: the promise is the same, File::direct() tells the difference.
  WriteMode mode = WriteMode::kBuffered;
};

// An open file. Safe for concurrent ReadAt() calls; writers need their own order.
class File {
 public:
  virtual ~File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // Fills `out` from `offset` on and returns how many bytes that were: fewer only at the end of the
  // file. Requires, for direct files: address, offset and size are multiples of alignment().
  virtual Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> out) const = 0;
  // Writes all of `bytes` or fails. Requires, for direct files: as ReadAt.
  virtual Status WriteAt(std::uint64_t offset, ByteSpan bytes) = 0;
  virtual Status Sync() = 0;  // data and size (fdatasync)
  virtual Status Truncate(std::uint64_t size) = 0;
  // Reserves blocks for the first `size` bytes, so that later writes there do not run out of space.
  // Grows the file with zeros when it is shorter; never shrinks it.
  virtual Status Allocate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> Size() const = 0;

  // 1, or the multiple that ReadAt and WriteAt of a direct file require.
  virtual std::size_t alignment() const = 0;
  // True when the file goes past the page cache.
  bool direct() const { return alignment() > 1; }

 protected:
  File() = default;
};

enum class EntryType : std::uint8_t { kFile, kDirectory, kOther };

struct DirectoryEntry {
  std::string name;  // without the folder
  EntryType type = EntryType::kFile;
};

struct Stat {
  EntryType type = EntryType::kFile;
  std::uint64_t size = 0;  // bytes; 0 for what is no file
  std::int64_t modified_ns = 0;
};

struct Space {
  std::uint64_t free_bytes = 0;  // for this process (root's reserve excluded)
  std::uint64_t total_bytes = 0;
};

// Held until destroyed, or until the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 protected:
  FileLock() = default;
};

// Thread-safe.
class FileSystem {
 public:
  using Path = std::filesystem::path;

  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> Open(const Path& path, const OpenOptions& options) = 0;
  virtual Status Rename(const Path& from, const Path& to) = 0;  // replaces a file `to`
  virtual Status Remove(const Path& path) = 0;                  // a file or an empty folder
  // Success when it exists, kNotFound when a file has its name.
  virtual Status CreateDirectory(const Path& path) = 0;
  virtual Status SyncDirectory(const Path& path) = 0;
  // In order of names, without "." and "..".
  virtual Result<std::vector<DirectoryEntry>> List(const Path& path) = 0;
  virtual Result<Stat> GetStat(const Path& path) = 0;
  virtual Result<Space> FreeSpace(const Path& path) = 0;
  // Takes the exclusive lock of `path` (created when missing) without waiting. kConflict: somebody
  // else holds it. The lock is advisory (flock) and dies with the process.
  virtual Result<std::unique_ptr<FileLock>> Lock(const Path& path) = 0;

  // What follows is made of the calls above.

  // True also for folders. Errors other than "not found" are returned.
  Result<bool> Exists(const Path& path);
  // Makes the folder, and what is missing above it, durably. A folder that is there may still be
  // lost with the power, for a process that died (or failed) before it synced the parent may have
  // made it: so the parent of `path` is synced whether or not `path` is new, and nothing is made in
  // a folder whose own name is not durable. Whoever makes folders by this call alone can therefore
  // trust every folder above `path`; those that were there before the first call are the
  // caller's word.
  Status CreateDirectories(const Path& path);
  Result<Bytes> ReadAll(const Path& path, std::uint64_t size_max);
  // Replaces `path` by `bytes`, so that after a crash it holds the old content or the new, whole:
  // writes `path`.new, syncs it, renames it, syncs the folder.
  Status ReplaceAll(const Path& path, ByteSpan bytes);
};

}  // namespace strata::os
