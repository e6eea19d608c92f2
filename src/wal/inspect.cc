#include "wal/inspect.h"

#include <algorithm>

#include "wal/log_reader.h"
#include "wal/segment_reader.h"
#include "wal/segment_set.h"
#include "wal/survey.h"

namespace strata::wal {
namespace {

Status ListFrames(os::FileSystem& files, const std::filesystem::path& directory,
                  const FoundSegment& found, std::vector<FrameListing>& listing) {
  ASSIGN_OR_RETURN(const auto file,
                   files.Open(directory / found.name, {.mode = os::WriteMode::kDirectSync}));
  SegmentReader reader(*file, found.header,
                       {.end = found.frames_end, .after = found.range.first - 1});
  while (true) {
    ASSIGN_OR_RETURN(const Piece piece, reader.Next());
    if (piece.kind == Piece::Kind::kEnd) return Done{};
    if (piece.kind != Piece::Kind::kFrame) continue;
    if (piece.header.position > found.range.last) return Done{};
    listing.push_back({.offset = piece.offset, .header = piece.header});
  }
}

SegmentListing Describe(const FoundSegment& found, SegmentState state) {
  return {.info = {.name = found.name,
                   .state = state,
                   .number = found.header.number,
                   .first = found.range.empty() ? 0 : found.range.first,
                   .last = found.range.last,
                   .file_bytes = found.file_bytes,
                   .used_bytes = found.frames_end},
          .salt = found.header.salt,
          .created_ns = found.header.created_ns,
          .has_footer = found.closed,
          .frames = found.frames,
          .listing = {}};
}

Status RequireFolder(os::FileSystem& files, const std::filesystem::path& directory) {
  ASSIGN_OR_RETURN(const os::Stat stat, files.GetStat(directory));
  if (stat.type == os::EntryType::kDirectory) return Done{};
  return Error{Code::kNotFound, directory.native() + " is no folder"};
}

// A segment that was recycled while it was read is no error of the log.
bool Vanished(const Status& status) {
  return !status && status.error().code == Code::kNotFound;
}

void AddNew(Damage damage, std::vector<Damage>& known) {
  const bool is_known = std::ranges::any_of(known, [&](const Damage& other) {
    return other.segment == damage.segment && other.offset == damage.offset;
  });
  if (!is_known) known.push_back(std::move(damage));
}

}  // namespace

Result<Inspection> Inspect(os::FileSystem& files, const std::filesystem::path& directory,
                           const InspectOptions& options) {
  RETURN_IF_ERROR(RequireFolder(files, directory));
  ASSIGN_OR_RETURN(const Survey survey, SurveyDirectory(files, directory));
  Inspection inspection;
  for (const FoundSegment& found : survey.segments) {
    SegmentListing listing =
        Describe(found, found.closed ? SegmentState::kClosed : SegmentState::kActive);
    if (options.frames && !found.range.empty()) {
      auto listed = ListFrames(files, directory, found, listing.listing);
      if (Vanished(listed)) continue;
      RETURN_IF_ERROR(std::move(listed));
    }
    inspection.segments.push_back(std::move(listing));
  }
  for (const FoundSegment& found : survey.empty) {
    inspection.segments.push_back(Describe(found, SegmentState::kNext));
  }
  for (const std::string& name : survey.spares) {
    auto stat = files.GetStat(directory / name);
    if (!stat) continue;
    SegmentListing spare;
    spare.info = {.name = name, .state = SegmentState::kSpare, .file_bytes = stat->size};
    inspection.segments.push_back(std::move(spare));
  }
  inspection.cursors.assign(survey.cursors.cursors.begin(), survey.cursors.cursors.end());
  inspection.released = survey.cursors.released;
  inspection.report = survey.report;
  return inspection;
}

namespace {

constexpr int kVerifyAttemptsMax = 100;

Result<Verification> VerifyOnce(os::FileSystem& files, const std::filesystem::path& directory) {
  ASSIGN_OR_RETURN(Survey survey, SurveyDirectory(files, directory));
  Verification verification;
  SegmentSet set;
  for (const FoundSegment& found : survey.segments) set.AddRecovered(found);
  std::vector<Damage> found_damage;
  LogReader reader(files, directory, set, survey.skipped,
                   [&](const Damage& damage) { found_damage.push_back(damage); });
  for (const FoundSegment& found : survey.segments) {
    if (found.range.empty()) continue;
    found_damage.clear();
    auto read = reader.Batches(found.range, 1_MiB, [](FrameBatch&&) -> Status { return Done{}; });
    // Released meanwhile, and used again: what was read is of no use.
    ASSIGN_OR_RETURN(const bool exists, files.Exists(directory / found.name));
    if (!exists) continue;
    if (!read) return std::move(read).error();
    ++verification.segments;
    verification.frames += read->frames;
    verification.payload_bytes += read->bytes;
    for (Damage& damage : found_damage) AddNew(std::move(damage), survey.report.damage);
  }
  for (const Damage& damage : survey.report.damage) {
    if (!damage.lost.empty()) verification.lost.push_back(damage.lost);
  }
  std::ranges::sort(verification.lost, {}, &PositionRange::first);
  verification.report = std::move(survey.report);
  return verification;
}

Result<std::vector<std::string>> NamesIn(os::FileSystem& files,
                                         const std::filesystem::path& directory) {
  ASSIGN_OR_RETURN(const auto entries, files.List(directory));
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (const os::DirectoryEntry& entry : entries) names.push_back(entry.name);
  return names;
}

}  // namespace

// A log that runs releases segments and uses their files again under other names: damage counts
// only when the folder kept still meanwhile, or has not done so in many tries.
Result<Verification> Verify(os::FileSystem& files, const std::filesystem::path& directory) {
  RETURN_IF_ERROR(RequireFolder(files, directory));
  for (int attempt = 1;; ++attempt) {
    ASSIGN_OR_RETURN(const auto before, NamesIn(files, directory));
    auto verification = VerifyOnce(files, directory);
    ASSIGN_OR_RETURN(const auto after, NamesIn(files, directory));
    const bool sound = verification && verification->sound();
    if (sound || before == after || attempt == kVerifyAttemptsMax) return verification;
  }
}

}  // namespace strata::wal
