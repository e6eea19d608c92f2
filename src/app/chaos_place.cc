#include "app/chaos_place.h"

#include <cstdlib>
#include <optional>

#include <sys/stat.h>
#include <unistd.h>

#include "app/chaos_house.h"
#include "base/units.h"

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

}  // namespace

Result<ChaosPlace> ChaosPlace::Make(const std::filesystem::path& parent,
                                    std::uint64_t free_min_bytes, os::FileSystem& files) {
  std::error_code failed;
  const auto absolute = std::filesystem::absolute(parent, failed);
  if (failed) return Error{Code::kIo, parent.native() + ": " + failed.message()};
  RETURN_IF_ERROR(files.CreateDirectories(absolute));
  ASSIGN_OR_RETURN(const os::Space space, files.FreeSpace(absolute));
  if (space.free_bytes < free_min_bytes) {
    return Error{Code::kExhausted, absolute.native() + " has " + FormatSize(space.free_bytes) +
                                       " free, and " + FormatSize(free_min_bytes) +
                                       " are needed to be safe from filling it"};
  }
  ChaosPlace place;
  const std::string name = "strata-chaos-" + std::to_string(::getpid());
  for (int attempt = 0;; ++attempt) {
    place.work = absolute / (name + (attempt == 0 ? "" : "-" + std::to_string(attempt)));
    ASSIGN_OR_RETURN(const bool taken, files.Exists(place.work));
    if (!taken) break;
  }
  RETURN_IF_ERROR(files.CreateDirectories(place.work));
  const auto apart = FolderApartFrom(place.work);
  place.ledgers_apart = apart.has_value();
  place.ledgers = apart ? *apart / place.work.filename() : place.work / "ledgers";
  RETURN_IF_ERROR(files.CreateDirectories(place.ledgers));
  return place;
}

Status ChaosPlace::Remove(os::FileSystem& files) const {
  RETURN_IF_ERROR(RemoveTree(work, files));
  return RemoveTree(ledgers, files);
}

}  // namespace strata::app
