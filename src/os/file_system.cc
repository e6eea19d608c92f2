#include "os/file_system.h"

#include <utility>

#include "base/fault_point.h"

namespace strata::os {

Result<bool> FileSystem::Exists(const Path& path) {
  auto stat = GetStat(path);
  if (stat) return true;
  if (stat.error().code == Code::kNotFound) return false;
  return std::move(stat).error();
}

Status FileSystem::CreateDirectories(const Path& path) {
  ASSIGN_OR_RETURN(const bool exists, Exists(path));
  if (exists) return Done{};
  const Path parent = path.parent_path();
  if (!parent.empty() && parent != path) RETURN_IF_ERROR(CreateDirectories(parent));
  RETURN_IF_ERROR(CreateDirectory(path));
  FaultPoint<"os.folder.created">();
  return SyncDirectory(parent.empty() ? Path(".") : parent);
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
  const Path parent = path.parent_path();
  return SyncDirectory(parent.empty() ? Path(".") : parent);
}

}  // namespace strata::os
