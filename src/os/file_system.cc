#include "os/file_system.h"

#include <utility>

#include "base/fault_point.h"

namespace strata::os {
namespace {

FileSystem::Path FolderOf(const FileSystem::Path& path) {
  const FileSystem::Path folder = path.parent_path();
  return folder.empty() ? "." : folder;
}

}  // namespace

Result<bool> FileSystem::Exists(const Path& path) {
  auto stat = GetStat(path);
  if (stat) return true;
  if (stat.error().code == Code::kNotFound) return false;
  return std::move(stat).error();
}

Status FileSystem::CreateDirectories(const Path& path) {
  const Path folder = path.has_filename() ? path : path.parent_path();  // without the last slash
  const Path parent = FolderOf(folder);
  ASSIGN_OR_RETURN(const bool exists, Exists(folder));
  if (!exists) RETURN_IF_ERROR(CreateDirectories(parent));
  RETURN_IF_ERROR(CreateDirectory(folder));  // refuses a file of that name
  FaultPoint<"os.folder.created">();
  // Also when it was there: whoever made it may have died before he came to this line.
  return SyncDirectory(parent);
}

Result<Bytes> FileSystem::ReadAll(const Path& path, std::uint64_t size_max) {
  ASSIGN_OR_RETURN(const auto file, Open(path, {}));
  ASSIGN_OR_RETURN(const std::uint64_t size, file->Size());
  if (size > size_max) {
    return Error{Code::kTooLarge, path.native() + " has " + std::to_string(size) +
                                      " bytes, more than the " + std::to_string(size_max) +
                                      " expected at most"};
  }
  Bytes bytes(size);
  ASSIGN_OR_RETURN(const std::size_t read, file->ReadAt(0, bytes));
  bytes.resize(read);
  return bytes;
}

Status FileSystem::ReplaceAll(const Path& path, ByteSpan bytes) {
  Path fresh = path;
  fresh += ".new";
  ASSIGN_OR_RETURN(const auto file,
                   Open(fresh, {.access = Access::kReadWrite, .create = true, .truncate = true}));
  RETURN_IF_ERROR(file->WriteAt(0, bytes));
  FaultPoint<"os.replace.written">();
  RETURN_IF_ERROR(file->Sync());
  FaultPoint<"os.replace.synced">();
  RETURN_IF_ERROR(Rename(fresh, path));
  FaultPoint<"os.replace.renamed">();
  return SyncDirectory(FolderOf(path));
}

}  // namespace strata::os
