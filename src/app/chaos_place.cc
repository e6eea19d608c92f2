#include "app/chaos_place.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "app/chaos_house.h"
#include "base/units.h"
#include "os/errno_error.h"

namespace strata::app {
namespace {

std::optional<dev_t> DeviceOf(const std::filesystem::path& folder) {
  struct stat status{};
  if (::stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return std::nullopt;
  return status.st_dev;
}

// A folder that can be written to on another file system than `work`; memory, as a rule.
std::optional<std::filesystem::path> FolderApartFrom(const std::filesystem::path& work) {
  const auto device = DeviceOf(work);
  for (const char* folder : {"/dev/shm", "/tmp", "/var/tmp"}) {
    const auto other = DeviceOf(folder);
    if (other && other != device && ::access(folder, W_OK | X_OK) == 0) return folder;
  }
  return std::nullopt;
}

// Folders of a data directory; beside them is room for others, in them is not.
constexpr std::string_view kFoldersOfStrata[] = {"wal", "manifest", "parts", "carry", "quarantine"};

bool IsDataDirectory(const std::filesystem::path& folder) {
  std::error_code ignored;
  return std::filesystem::exists(folder / "wal" / "LOCK", ignored);
}

Status RefuseDataDirectories(const std::filesystem::path& folder) {
  for (std::filesystem::path inner = folder; inner.has_relative_path();
       inner = inner.parent_path()) {
    const std::string name = inner.filename().native();
    if (std::ranges::find(kFoldersOfStrata, name) == std::end(kFoldersOfStrata)) continue;
    if (!IsDataDirectory(inner.parent_path())) continue;
    return Error{Code::kConflict, folder.native() + " is part of the data directory " +
                                      inner.parent_path().native() +
                                      ", which is left alone: name another folder"};
  }
  return Done{};
}

// `folder` and what is missing above it.
Result<std::vector<std::filesystem::path>> MissingFolders(std::filesystem::path folder,
                                                          os::FileSystem& files) {
  std::vector<std::filesystem::path> missing;
  for (; folder.has_relative_path(); folder = folder.parent_path()) {
    ASSIGN_OR_RETURN(const bool exists, files.Exists(folder));
    if (exists) break;
    missing.push_back(folder);
  }
  return missing;
}

// Without links and dots, so that the folders above it are those that it lies in.
Result<std::filesystem::path> PlainPath(const std::filesystem::path& path) {
  std::error_code failed;
  const auto absolute = std::filesystem::absolute(path, failed);
  if (failed) return Error{Code::kIo, path.native() + ": " + failed.message()};
  auto plain = std::filesystem::weakly_canonical(absolute, failed);
  if (failed) return Error{Code::kIo, path.native() + ": " + failed.message()};
  return plain.has_filename() ? plain : plain.parent_path();
}

// A folder of ours alone: a name that nobody can foretell, so that none is taken over that lies
// there already, nor what a link of that name points to.
Result<std::filesystem::path> FreshFolder(const std::filesystem::path& parent) {
  std::string name = (parent / "strata-chaos-XXXXXX").native();
  if (::mkdtemp(name.data()) == nullptr) return os::ErrnoError(errno, "make a folder in", parent);
  return std::filesystem::path(name);
}

}  // namespace

Result<ChaosPlace> ChaosPlace::Make(const std::filesystem::path& parent,
                                    std::uint64_t free_min_bytes, os::FileSystem& files) {
  ASSIGN_OR_RETURN(const std::filesystem::path absolute, PlainPath(parent));
  RETURN_IF_ERROR(RefuseDataDirectories(absolute));
  ChaosPlace place;
  ASSIGN_OR_RETURN(place.made, MissingFolders(absolute, files));
  const auto& existing = place.made.empty() ? absolute : place.made.back().parent_path();
  ASSIGN_OR_RETURN(const os::Space space, files.FreeSpace(existing));
  if (space.free_bytes < free_min_bytes) {
    return Error{Code::kExhausted, absolute.native() + " has " + FormatSize(space.free_bytes) +
                                       " free, and " + FormatSize(free_min_bytes) +
                                       " are needed to be safe from filling it"};
  }
  RETURN_IF_ERROR(files.CreateDirectories(absolute));
  ASSIGN_OR_RETURN(place.work, FreshFolder(absolute));
  const auto apart = FolderApartFrom(place.work);
  place.ledgers_apart = apart.has_value();
  ASSIGN_OR_RETURN(place.ledgers, FreshFolder(apart.value_or(place.work)));
  return place;
}

Status ChaosPlace::Remove(os::FileSystem& files) const {
  RETURN_IF_ERROR(RemoveTree(work, files));
  RETURN_IF_ERROR(RemoveTree(ledgers, files));
  for (const std::filesystem::path& folder : made) {
    if (!files.Remove(folder)) break;
  }
  return Done{};
}

}  // namespace strata::app
