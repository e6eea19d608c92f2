#include "os/real_file_system.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fault_point.h"
#include "os/aligned_buffer.h"
#include "os/errno_error.h"

namespace strata::os {
namespace {

using Path = FileSystem::Path;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Runs `call` again while a signal interrupts it.
template <class Call>
auto Resumed(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class RealFile final : public File {
 public:
  RealFile(Path path, Descriptor fd, std::size_t alignment)
      : path_(std::move(path)), fd_(std::move(fd)), alignment_(alignment) {}

  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> out) const override {
    std::size_t done = 0;
    while (done < out.size()) {
      const auto rest = out.subspan(done);
      const auto at = static_cast<off_t>(offset + done);
      const auto n = Resumed([&] { return ::pread(fd_.get(), rest.data(), rest.size(), at); });
      if (n < 0) return ErrnoError(errno, "read", path_);
      done += static_cast<std::size_t>(n);
      // A direct read that stops inside a block stopped at the end of the file.
      if (n == 0 || static_cast<std::size_t>(n) % alignment_ != 0) break;
    }
    return done;
  }

  Status WriteAt(std::uint64_t offset, ByteSpan bytes) override {
    FaultPoint<"os.write.begun">();
    while (!bytes.empty()) {
      const auto at = static_cast<off_t>(offset);
      const auto n = Resumed([&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), at); });
      if (n < 0) return ErrnoError(errno, "write", path_);
      if (n == 0) return ErrnoError(EIO, "write", path_);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
    }
    FaultPoint<"os.write.done">();
    return Done{};
  }

  Status Sync() override {
    if (Resumed([&] { return ::fdatasync(fd_.get()); }) != 0) {
      return ErrnoError(errno, "fdatasync", path_);
    }
    FaultPoint<"os.sync.done">();
    return Done{};
  }

  Status Truncate(std::uint64_t size) override {
    if (Resumed([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
      return ErrnoError(errno, "truncate", path_);
    }
    return Done{};
  }

  Status Allocate(std::uint64_t size) override {
    if (size == 0) return Done{};
    int failed = EINTR;
    while (failed == EINTR) failed = ::posix_fallocate(fd_.get(), 0, static_cast<off_t>(size));
    if (failed != 0) return ErrnoError(failed, "allocate", path_);
    return Done{};
  }

  Result<std::uint64_t> Size() const override {
    struct stat status{};
    if (::fstat(fd_.get(), &status) != 0) return ErrnoError(errno, "stat", path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  std::size_t alignment() const override { return alignment_; }

 private:
  const Path path_;
  const Descriptor fd_;
  const std::size_t alignment_;
};

class RealLock final : public FileLock {
 public:
  explicit RealLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  const Descriptor fd_;  // closing it gives the lock back
};

int FlagsOf(const OpenOptions& options) {
  int flags = O_CLOEXEC | (options.access == Access::kRead ? O_RDONLY : O_RDWR);
  if (options.create) flags |= O_CREAT;
  if (options.exclusive) flags |= O_EXCL;
  if (options.truncate) flags |= O_TRUNC;
  return flags;
}

Result<Descriptor> OpenDescriptor(const Path& path, int flags) {
  const int fd = Resumed([&] { return ::open(path.c_str(), flags, 0640); });
  if (fd < 0) return ErrnoError(errno, "open", path);
  return Descriptor(fd);
}

EntryType TypeOf(mode_t mode) {
  if (S_ISREG(mode)) return EntryType::kFile;
  return S_ISDIR(mode) ? EntryType::kDirectory : EntryType::kOther;
}

class MachineFiles final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> Open(const Path& path, const OpenOptions& options) override {
    const int flags = FlagsOf(options);
    if (options.mode == WriteMode::kBuffered) {
      ASSIGN_OR_RETURN(Descriptor fd, OpenDescriptor(path, flags));
      return std::unique_ptr<File>(new RealFile(path, std::move(fd), 1));
    }
    const int direct = ::open(path.c_str(), flags | O_DIRECT | O_DSYNC, 0640);
    if (direct >= 0) {
      return std::unique_ptr<File>(
          new RealFile(path, Descriptor(direct), AlignedBuffer::kAlignment));
    }
    if (errno != EINVAL && errno != EINTR) return ErrnoError(errno, "open", path);
    // The refusal came after the file was made, so that `exclusive` would now refuse it.
    ASSIGN_OR_RETURN(Descriptor fd, OpenDescriptor(path, (flags & ~O_EXCL) | O_DSYNC));
    return std::unique_ptr<File>(new RealFile(path, std::move(fd), 1));
  }

  Status Rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return ErrnoError(errno, "rename", from);
    FaultPoint<"os.rename.done">();
    return Done{};
  }

  Status Remove(const Path& path) override {
    ASSIGN_OR_RETURN(const Stat stat, GetStat(path));
    const bool folder = stat.type == EntryType::kDirectory;
    if ((folder ? ::rmdir(path.c_str()) : ::unlink(path.c_str())) != 0) {
      return ErrnoError(errno, "remove", path);
    }
    FaultPoint<"os.remove.done">();
    return Done{};
  }

  Status CreateDirectory(const Path& path) override {
    if (::mkdir(path.c_str(), 0750) == 0) return Done{};
    const int failed = errno;
    if (failed == EEXIST) {
      ASSIGN_OR_RETURN(const Stat stat, GetStat(path));
      if (stat.type == EntryType::kDirectory) return Done{};
      return ErrnoError(ENOTDIR, "create folder", path);  // a file has its name
    }
    return ErrnoError(failed, "create folder", path);
  }

  Status SyncDirectory(const Path& path) override {
    ASSIGN_OR_RETURN(const Descriptor fd, OpenDescriptor(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (Resumed([&] { return ::fsync(fd.get()); }) != 0) {
      return ErrnoError(errno, "sync folder", path);
    }
    FaultPoint<"os.folder.synced">();
    return Done{};
  }

  Result<std::vector<DirectoryEntry>> List(const Path& path) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
    if (folder == nullptr) return ErrnoError(errno, "list", path);
    std::vector<DirectoryEntry> entries;
    while (true) {
      errno = 0;
      // NOLINTNEXTLINE(concurrency-mt-unsafe): safe on a stream of one's own
      const dirent* entry = ::readdir(folder.get());
      if (entry == nullptr) break;
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      struct stat status{};
      // What vanished since it was listed is not there.
      if (::fstatat(::dirfd(folder.get()), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) continue;
        return ErrnoError(errno, "stat", path / name);
      }
      entries.push_back({.name = name, .type = TypeOf(status.st_mode)});
    }
    if (errno != 0) return ErrnoError(errno, "list", path);
    std::ranges::sort(entries, {}, &DirectoryEntry::name);
    return entries;
  }

  Result<Stat> GetStat(const Path& path) override {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return ErrnoError(errno, "stat", path);
    const EntryType type = TypeOf(status.st_mode);
    return Stat{.type = type,
                .size = type == EntryType::kFile ? static_cast<std::uint64_t>(status.st_size) : 0,
                .modified_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
  }

  Result<Space> FreeSpace(const Path& path) override {
    struct statvfs space{};
    if (Resumed([&] { return ::statvfs(path.c_str(), &space); }) != 0) {
      return ErrnoError(errno, "free space of", path);
    }
    return Space{.free_bytes = space.f_bavail * space.f_frsize,
                 .total_bytes = space.f_blocks * space.f_frsize};
  }

  Result<std::unique_ptr<FileLock>> Lock(const Path& path) override {
    ASSIGN_OR_RETURN(Descriptor fd, OpenDescriptor(path, O_RDWR | O_CREAT | O_CLOEXEC));
    if (Resumed([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
      return ErrnoError(errno, "lock", path);
    }
    return std::unique_ptr<FileLock>(new RealLock(std::move(fd)));
  }
};

}  // namespace

FileSystem& RealFileSystem() {
  static MachineFiles files;
  return files;
}

}  // namespace strata::os
