#include "app/chaos_live_bytes.h"

#include <algorithm>
#include <utility>

#include "wal/inspect.h"
#include "wal/segment.h"

namespace strata::app {
namespace {

Status AddLog(const std::filesystem::path& data_dir, os::FileSystem& files,
              std::vector<LiveBytes>& found) {
  ASSIGN_OR_RETURN(const wal::Inspection log,
                   wal::Inspect(files, data_dir / "wal", {.frames = true}));
  wal::Position durable = 0;
  for (const wal::SegmentListing& segment : log.segments) {
    for (const wal::FrameListing& frame : segment.listing) {
      durable = std::max(durable, frame.header.durable_through);
    }
  }
  for (const wal::SegmentListing& segment : log.segments) {
    for (const wal::FrameListing& frame : segment.listing) {
      if (frame.header.position > durable) continue;
      found.push_back({.kind = "log",
                       .file = std::filesystem::path("wal") / segment.info.name,
                       .begin = frame.offset,
                       .end = frame.offset + frame.header.SizeBytes()});
    }
  }
  return Done{};
}

Status AddFile(const std::filesystem::path& data_dir, const std::filesystem::path& file,
               std::string_view kind, os::FileSystem& files, std::vector<LiveBytes>& found) {
  ASSIGN_OR_RETURN(const os::Stat stat, files.GetStat(data_dir / file));
  if (stat.size > 0) found.push_back({.kind = kind, .file = file, .begin = 0, .end = stat.size});
  return Done{};
}

// All files below a folder; of each folder the last one only, when `newest`.
Status AddFiles(const std::filesystem::path& data_dir, const std::filesystem::path& folder,
                std::string_view kind, bool newest, os::FileSystem& files,
                std::vector<LiveBytes>& found) {
  ASSIGN_OR_RETURN(const bool exists, files.Exists(data_dir / folder));
  if (!exists) return Done{};
  ASSIGN_OR_RETURN(const auto entries, files.List(data_dir / folder));
  std::vector<std::string> names;
  for (const os::DirectoryEntry& entry : entries) {
    if (entry.type == os::EntryType::kFile) names.push_back(entry.name);
    if (entry.type != os::EntryType::kDirectory || entry.name == wal::kQuarantineName) continue;
    RETURN_IF_ERROR(AddFiles(data_dir, folder / entry.name, kind, newest, files, found));
  }
  if (newest && names.size() > 1) names.erase(names.begin(), names.end() - 1);
  for (const std::string& name : names) {
    RETURN_IF_ERROR(AddFile(data_dir, folder / name, kind, files, found));
  }
  return Done{};
}

}  // namespace

Result<std::vector<LiveBytes>> FindLiveBytes(const std::filesystem::path& data_dir,
                                             bool of_log_only, os::FileSystem& files) {
  std::vector<LiveBytes> found;
  RETURN_IF_ERROR(AddLog(data_dir, files, found));
  if (of_log_only) return found;
  RETURN_IF_ERROR(
      AddFile(data_dir, std::filesystem::path("wal") / wal::kCursorsName, "cursors", files, found));
  RETURN_IF_ERROR(AddFile(data_dir, "dedup.state", "dedup", files, found));
  RETURN_IF_ERROR(AddFiles(data_dir, "parts", "part", false, files, found));
  RETURN_IF_ERROR(AddFiles(data_dir, "manifest", "manifest", true, files, found));
  RETURN_IF_ERROR(AddFiles(data_dir, "carry", "carry", true, files, found));
  return found;
}

}  // namespace strata::app
