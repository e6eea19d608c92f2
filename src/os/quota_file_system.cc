#include "os/quota_file_system.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "os/errno_error.h"

namespace strata::os {
namespace {

constexpr std::uint64_t kBlockBytes = 4096;
constexpr std::uint64_t kQuotaTextBytesMax = 32;

std::uint64_t InBlocks(std::uint64_t bytes) {
  return (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
}

// What vanished while it was counted takes no space.
template <class T>
Result<T> UnlessGone(Result<T> result) {
  if (!result && result.error().code == Code::kNotFound) return T{};
  return result;
}

Result<std::uint64_t> ParseQuota(const Bytes& bytes, const std::filesystem::path& path) {
  const std::string_view text = AsText(bytes);
  std::uint64_t quota = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), quota);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) return quota;
  return Error{Code::kInvalidInput, path.native() + " holds no number of bytes"};
}

}  // namespace

class QuotaFileSystem::LimitedFile final : public ForwardingFile {
 public:
  LimitedFile(QuotaFileSystem& disk, Path path, std::unique_ptr<File> file)
      : ForwardingFile(std::move(file)), disk_(disk), path_(std::move(path)) {}

  // As much as there is room for, as a disk does.
  Status WriteAt(std::uint64_t offset, ByteSpan bytes) override {
    const MutexLock lock(disk_.growing_);
    const std::uint64_t end = offset + bytes.size();
    ASSIGN_OR_RETURN(const std::uint64_t reach, Reach(end));
    if (reach >= end) return inner().WriteAt(offset, bytes);
    if (reach > offset) {
      const std::uint64_t room = (reach - offset) / alignment() * alignment();
      RETURN_IF_ERROR(inner().WriteAt(offset, bytes.first(room)));
    }
    return ErrnoError(ENOSPC, "write", path_);
  }

  Status Allocate(std::uint64_t size) override {
    const MutexLock lock(disk_.growing_);
    ASSIGN_OR_RETURN(const std::uint64_t reach, Reach(size));
    return reach >= size ? inner().Allocate(size) : ErrnoError(ENOSPC, "allocate", path_);
  }

  Status Truncate(std::uint64_t size) override {
    const MutexLock lock(disk_.growing_);
    return inner().Truncate(size);
  }

 private:
  // How far the file may go now, when it wants to go to `end`.
  Result<std::uint64_t> Reach(std::uint64_t end) const {
    ASSIGN_OR_RETURN(const std::uint64_t size, inner().Size());
    if (end <= InBlocks(size)) return end;
    ASSIGN_OR_RETURN(const Space space, disk_.Count());
    return InBlocks(size) + space.free_bytes;
  }

  QuotaFileSystem& disk_;
  const Path path_;
};

Result<std::unique_ptr<File>> QuotaFileSystem::Open(const Path& path, const OpenOptions& options) {
  ASSIGN_OR_RETURN(auto file, inner().Open(path, options));
  if (options.access == Access::kRead || !Covers(path)) return file;
  return std::unique_ptr<File>(new LimitedFile(*this, path, std::move(file)));
}

Result<Space> QuotaFileSystem::FreeSpace(const Path& path) {
  if (!Covers(path)) return inner().FreeSpace(path);
  return Count();
}

bool QuotaFileSystem::Covers(const Path& path) const {
  const auto [end, rest] = std::ranges::mismatch(folder_, path);
  return end == folder_.end();
}

Result<Space> QuotaFileSystem::Count() {
  ASSIGN_OR_RETURN(const Bytes text, inner().ReadAll(quota_, kQuotaTextBytesMax));
  ASSIGN_OR_RETURN(const std::uint64_t quota, ParseQuota(text, quota_));
  ASSIGN_OR_RETURN(const std::uint64_t used, BytesIn(folder_));
  ASSIGN_OR_RETURN(const Space space, inner().FreeSpace(folder_));
  return Space{.free_bytes = std::min(quota - std::min(quota, used), space.free_bytes),
               .total_bytes = std::min(quota, space.total_bytes)};
}

Result<std::uint64_t> QuotaFileSystem::BytesIn(const Path& folder) {
  ASSIGN_OR_RETURN(const auto entries, UnlessGone(inner().List(folder)));
  std::uint64_t bytes = 0;
  for (const DirectoryEntry& entry : entries) {
    if (entry.type == EntryType::kDirectory) {
      ASSIGN_OR_RETURN(const std::uint64_t below, BytesIn(folder / entry.name));
      bytes += below;
    } else {
      ASSIGN_OR_RETURN(const Stat stat, UnlessGone(inner().GetStat(folder / entry.name)));
      bytes += InBlocks(stat.size);
    }
  }
  return bytes;
}

}  // namespace strata::os
