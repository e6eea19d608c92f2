#include "store/manifest_reading.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/log.h"

namespace strata::store {
namespace {

constexpr std::uint64_t kFileBytesMax = 4_GiB;

// One of the two files of a generation.
struct Copy {
  std::string name;
  bool is_there = false;
  Bytes bytes;
  std::shared_ptr<const ManifestFile> file = std::make_shared<ManifestFile>();

  // Sequence of the last edit in it, or of its checkpoint.
  std::uint64_t last() const {
    if (!file->edits.empty()) return file->edits.rbegin()->first;
    return file->checkpoint ? file->checkpoint->sequence : 0;
  }
};

// What a generation's files say together.
struct Timeline {
  std::optional<ManifestFile::Checkpoint> base;
  std::map<std::uint64_t, Edit> edits;
};

class Reader {
 public:
  Reader(const std::filesystem::path& folder, os::FileSystem& files)
      : folder_(folder), files_(files) {}

  // Generations that have a file, ascending.
  Result<std::vector<std::uint64_t>> Generations() {
    auto entries = files_.List(folder_);
    std::set<std::uint64_t> generations;
    if (!entries) {
      if (entries.error().code != Code::kNotFound) return std::move(entries).error();
      return std::vector<std::uint64_t>();
    }
    for (const os::DirectoryEntry& entry : *entries) {
      if (const auto generation = GenerationOf(entry.name)) generations.insert(*generation);
    }
    return std::vector(generations.begin(), generations.end());
  }

  // Both files; one of them suffices, whatever the other one suffers from.
  Result<std::vector<Copy>> ReadCopies(std::uint64_t generation) {
    std::vector<Copy> copies;
    std::optional<Error> unreadable;
    bool any = false;
    for (std::string name : {GenerationFileName(generation), MirrorFileName(generation)}) {
      Copy copy{.name = std::move(name)};
      auto bytes = files_.ReadAll(folder_ / copy.name, kFileBytesMax);
      if (bytes) {
        copy.is_there = any = true;
        copy.bytes = *std::move(bytes);
        if (!copies.empty() && copies.front().bytes == copy.bytes) {
          copy.file = copies.front().file;
        } else {
          ASSIGN_OR_RETURN(copy.file, Parse(copy, generation));
        }
      } else if (bytes.error().code != Code::kNotFound) {
        unreadable = std::move(bytes).error();
      }
      copies.push_back(std::move(copy));
    }
    if (!any && unreadable) return *std::move(unreadable);
    return copies;
  }

 private:
  Result<std::shared_ptr<const ManifestFile>> Parse(const Copy& copy, std::uint64_t generation) {
    auto file = ReadManifestFile(copy.bytes, generation);
    if (!file) return std::move(file).error().Within((folder_ / copy.name).native());
    return std::make_shared<const ManifestFile>(*std::move(file));
  }

  const std::filesystem::path& folder_;
  os::FileSystem& files_;
};

Timeline TimelineOf(const std::vector<Copy>& copies) {
  Timeline timeline;
  for (const Copy& copy : copies) {
    if (!timeline.base) timeline.base = copy.file->checkpoint;
    timeline.edits.insert(copy.file->edits.begin(), copy.file->edits.end());
  }
  return timeline;
}

// The generation before ended where this one's checkpoint began.
void BeginWith(Timeline before, Timeline& timeline) {
  const std::uint64_t first = timeline.edits.empty() ? UINT64_MAX : timeline.edits.begin()->first;
  timeline.base = std::move(before.base);
  before.edits.erase(before.edits.lower_bound(first), before.edits.end());
  timeline.edits.merge(before.edits);
}

void Play(const Timeline& timeline, const std::string& namespace_name, ManifestReading& reading) {
  ManifestSnapshot empty;
  empty.namespace_name = namespace_name;
  StateBuilder builder(empty);
  std::uint64_t sequence = 0;
  const auto apply = [&](const Edit& edit, std::uint64_t number) {
    if (!reading.lost_edits) {
      const Status fits = builder.Apply(edit, number);
      if (fits) return;
      LogError("an edit contradicts the manifest", fits.error(),
               {{"namespace", namespace_name}, {"sequence", number}});
      reading.lost_edits = true;
    }
    builder.ApplyWhatFits(edit, number);
  };
  if (timeline.base) {
    sequence = timeline.base->sequence;
    apply(timeline.base->edit, sequence);
  } else {
    reading.lost_edits = true;
  }
  for (const auto& [number, edit] : timeline.edits) {
    if (number <= sequence) continue;
    if (number != sequence + 1) reading.lost_edits = true;
    apply(edit, number);
    sequence = number;
  }
  reading.state = builder.Finish();
}

void Keep(std::vector<Copy>& copies, ManifestReading& reading) {
  for (Copy& copy : copies) {
    if (!copy.is_there) continue;
    reading.files.push_back({.name = copy.name,
                             .bytes = std::move(copy.bytes),
                             .edits_at = copy.file->checkpoint_bytes});
  }
}

// True when `torn` is what an interrupted write of `whole` leaves from byte `from` on: each sector
// has what it should, or nothing yet.
bool IsInterrupted(ByteSpan torn, ByteSpan whole, std::uint64_t from) {
  constexpr std::uint64_t kSectorBytes = 512;
  if (torn.size() > whole.size()) return false;
  for (std::uint64_t at = from; at < torn.size();) {
    const std::uint64_t end =
        std::min<std::uint64_t>(at - at % kSectorBytes + kSectorBytes, torn.size());
    const ByteSpan sector = torn.subspan(at, end - at);
    const bool is_empty =
        std::ranges::all_of(sector, [](std::byte b) { return b == std::byte{0}; });
    if (!is_empty && AsText(sector) != AsText(whole.subspan(at, end - at))) return false;
    at = end;
  }
  return true;
}

// The mirror is written when the manifest is durable: an edit under way leaves the mirror without
// its record or with a torn one, or the manifest with a torn one that the mirror knows nothing of.
std::optional<FileDamage> DamageOf(const std::vector<Copy>& copies, bool is_mirror,
                                   std::uint64_t last) {
  const Copy& copy = is_mirror ? copies.back() : copies.front();
  const Copy& other = is_mirror ? copies.front() : copies.back();
  const std::uint64_t good = copy.file->good_bytes;
  if (!copy.is_there) return std::nullopt;
  if (copy.file->damaged_at) {
    return FileDamage{copy.name, *copy.file->damaged_at, "no record of this manifest"};
  }
  if (copy.last() + (is_mirror ? 1 : 0) < last) {
    return FileDamage{copy.name, good, "its last edits are missing"};
  }
  const bool other_knows = copy.last() < last && other.file->good_bytes > good;
  if (other_knows && !IsInterrupted(copy.bytes, other.bytes, good)) {
    return FileDamage{copy.name, good, "its last edit is not what was written"};
  }
  return std::nullopt;
}

void Judge(const std::vector<Copy>& copies, const Timeline& timeline, ManifestReading& reading) {
  const std::uint64_t last = timeline.edits.empty() ? 0 : timeline.edits.rbegin()->first;
  for (const bool is_mirror : {false, true}) {
    if (auto damage = DamageOf(copies, is_mirror, last)) {
      reading.damage.push_back(*std::move(damage));
    }
  }
  for (const Copy& copy : copies) {
    reading.bytes += copy.bytes.size();
    reading.torn_bytes += copy.file->torn_bytes;
  }
  const Copy& first = copies.front();
  reading.whole = reading.damage.empty() && reading.torn_bytes == 0 && !reading.lost_edits &&
                  first.is_there && first.bytes == copies.back().bytes;
  reading.end_bytes = first.bytes.size();
  reading.checkpoint_bytes = first.file->checkpoint_bytes;
}

}  // namespace

Result<ManifestReading> ReadManifest(const std::filesystem::path& folder,
                                     const std::string& namespace_name, os::FileSystem& files) {
  Reader reader(folder, files);
  ASSIGN_OR_RETURN(std::vector<std::uint64_t> generations, reader.Generations());
  ManifestReading reading;
  Timeline timeline;
  if (generations.empty()) {
    timeline.base = ManifestFile::Checkpoint{};
    Play(timeline, namespace_name, reading);
    return reading;
  }
  reading.generation = generations.back();
  ASSIGN_OR_RETURN(std::vector<Copy> newest, reader.ReadCopies(reading.generation));
  timeline = TimelineOf(newest);
  if (!timeline.base && generations.size() > 1) {
    ASSIGN_OR_RETURN(std::vector<Copy> before, reader.ReadCopies(generations.rbegin()[1]));
    // What neither file of the newest generation tells may have been more.
    reading.lost_edits = timeline.edits.empty();
    BeginWith(TimelineOf(before), timeline);
    Keep(before, reading);
  }
  reading.edits = timeline.edits.size();
  Play(timeline, namespace_name, reading);
  Judge(newest, timeline, reading);
  Keep(newest, reading);
  return reading;
}

}  // namespace strata::store
