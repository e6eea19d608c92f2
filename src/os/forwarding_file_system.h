// Files that are those of another file system, for layers that change one thing about them.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "os/file_system.h"

namespace strata::os {

class ForwardingFile : public File {
 public:
  explicit ForwardingFile(std::unique_ptr<File> file) : file_(std::move(file)) {}

  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> out) const override {
    return file_->ReadAt(offset, out);
  }
  Status WriteAt(std::uint64_t offset, ByteSpan bytes) override {
    return file_->WriteAt(offset, bytes);
  }
  Status Sync() override { return file_->Sync(); }
  Status Truncate(std::uint64_t size) override { return file_->Truncate(size); }
  Status Allocate(std::uint64_t size) override { return file_->Allocate(size); }
  Result<std::uint64_t> Size() const override { return file_->Size(); }
  std::size_t alignment() const override { return file_->alignment(); }

 protected:
  File& inner() { return *file_; }
  const File& inner() const { return *file_; }

 private:
  const std::unique_ptr<File> file_;
};

class ForwardingFileSystem : public FileSystem {
 public:
  // `files` outlives it and the files that it opens.
  explicit ForwardingFileSystem(FileSystem& files) : files_(files) {}

  Result<std::unique_ptr<File>> Open(const Path& path, const OpenOptions& options) override {
    return files_.Open(path, options);
  }
  Status Rename(const Path& from, const Path& to) override { return files_.Rename(from, to); }
  Status Remove(const Path& path) override { return files_.Remove(path); }
  Status CreateDirectory(const Path& path) override { return files_.CreateDirectory(path); }
  Status SyncDirectory(const Path& path) override { return files_.SyncDirectory(path); }
  Result<std::vector<DirectoryEntry>> List(const Path& path) override { return files_.List(path); }
  Result<Stat> GetStat(const Path& path) override { return files_.GetStat(path); }
  Result<Space> FreeSpace(const Path& path) override { return files_.FreeSpace(path); }
  Result<std::unique_ptr<FileLock>> Lock(const Path& path) override { return files_.Lock(path); }

 protected:
  FileSystem& inner() { return files_; }

 private:
  FileSystem& files_;
};

}  // namespace strata::os
