#include "wal/quarantine.h"

#include <algorithm>

#include "base/bytes.h"
#include "wal/segment.h"

namespace strata::wal {
namespace {

constexpr std::uint64_t kCopyBytes = 1_MiB;

Result<std::filesystem::path> Folder(os::FileSystem& files,
                                     const std::filesystem::path& directory) {
  const std::filesystem::path folder = directory / kQuarantineName;
  RETURN_IF_ERROR(files.CreateDirectories(folder));
  return folder;
}

}  // namespace

Status QuarantineRange(os::FileSystem& files, const std::filesystem::path& directory,
                       const std::string& name, std::uint64_t offset, std::uint64_t bytes) {
  ASSIGN_OR_RETURN(const auto folder, Folder(files, directory));
  const auto kept = folder / (name + "." + std::to_string(offset));
  ASSIGN_OR_RETURN(const bool exists, files.Exists(kept));
  if (exists) return Done{};

  auto fresh = kept;
  fresh += ".new";
  ASSIGN_OR_RETURN(const auto from, files.Open(directory / name, {}));
  ASSIGN_OR_RETURN(
      const auto to,
      files.Open(fresh, {.access = os::Access::kReadWrite, .create = true, .truncate = true}));
  Bytes buffer(std::min(bytes, kCopyBytes));
  for (std::uint64_t done = 0; done < bytes;) {
    const auto window =
        std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), bytes - done));
    ASSIGN_OR_RETURN(const std::size_t read, from->ReadAt(offset + done, window));
    if (read == 0) break;
    RETURN_IF_ERROR(to->WriteAt(done, window.first(read)));
    done += read;
  }
  RETURN_IF_ERROR(to->Sync());
  RETURN_IF_ERROR(files.Rename(fresh, kept));
  return files.SyncDirectory(folder);
}

Status QuarantineFile(os::FileSystem& files, const std::filesystem::path& directory,
                      const std::string& name) {
  ASSIGN_OR_RETURN(const auto folder, Folder(files, directory));
  auto to = folder / name;
  for (int copy = 2;; ++copy) {
    ASSIGN_OR_RETURN(const bool taken, files.Exists(to));
    if (!taken) break;
    to = folder / (name + "." + std::to_string(copy));
  }
  RETURN_IF_ERROR(files.Rename(directory / name, to));
  RETURN_IF_ERROR(files.SyncDirectory(folder));
  return files.SyncDirectory(directory);
}

}  // namespace strata::wal
