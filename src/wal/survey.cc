#include "wal/survey.h"

#include <algorithm>
#include <map>
#include <optional>
#include <ranges>

#include "base/seeded_bug.h"
#include "wal/segment_reader.h"

namespace strata::wal {
namespace {

constexpr os::OpenOptions kReadDirect{.mode = os::WriteMode::kDirectSync};

// A piece of a walked segment, without its payload.
struct Item {
  Piece::Kind kind = Piece::Kind::kEnd;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  Position position = 0;  // of a frame
  Position durable_through = 0;
  bool header_fits = false;
  PositionRange lost;
  std::string reason;
};

struct Walked {
  std::vector<Item> items;  // kEnd is not among them
  Bytes footer_entries;     // of its frames, in order
  Position first = 0;       // of its frames
  Position durable_through = 0;
};

class Surveyor {
 public:
  Surveyor(os::FileSystem& files, const std::filesystem::path& directory)
      : files_(files), directory_(directory) {}

  Result<Survey> Run() {
    auto entries = files_.List(directory_);
    if (!entries) {
      if (entries.error().code == Code::kNotFound) return std::move(survey_);
      return std::move(entries).error();
    }
    RETURN_IF_ERROR(LoadCursors());
    for (const auto& entry : *entries) {
      if (entry.type == os::EntryType::kFile) RETURN_IF_ERROR(Classify(entry.name));
    }
    ChooseLogId();
    vouched_ = survey_.cursors.Highest();
    // From the newest back: in a log that is in use, what was before the frames that were met is
    // met, too.
    for (auto& segment : std::views::reverse(candidates_)) {
      if (segment.closed) continue;
      RETURN_IF_ERROR(Walk(segment));
    }
    RETURN_IF_ERROR(DropReleased());
    Judge();
    Summarise();
    return std::move(survey_);
  }

 private:
  Status LoadCursors() {
    auto bytes = files_.ReadAll(directory_ / kCursorsName, kCursorFileBytesMax);
    if (!bytes) {
      if (bytes.error().code == Code::kNotFound) return Done{};
      if (bytes.error().code != Code::kTooLarge) return std::move(bytes).error();
      survey_.report.cursors_lost = true;
      return Done{};
    }
    if (auto table = DecodeCursors(*bytes)) {
      survey_.cursors = *std::move(table);
      have_cursors_ = true;
    } else {
      survey_.report.cursors_lost = true;
    }
    return Done{};
  }

  // In a log that is in use, segments are released meanwhile. Their names never come back: what has
  // its name still was not touched.
  Status DropReleased() {
    for (std::size_t i = 0; i < candidates_.size();) {
      ASSIGN_OR_RETURN(const bool exists, files_.Exists(directory_ / candidates_[i].name));
      if (exists) {
        ++i;
      } else {
        candidates_.erase(candidates_.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    // The promise that they may be gone is older than that they are.
    if (auto bytes = files_.ReadAll(directory_ / kCursorsName, kCursorFileBytesMax)) {
      if (auto now = DecodeCursors(*bytes); now && now->log_id == survey_.cursors.log_id) {
        survey_.cursors.released = std::max(survey_.cursors.released, now->released);
      }
    }
    return Done{};
  }

  Status Classify(const std::string& name) {
    if (SpareNumberOf(name)) {
      survey_.spares.push_back(name);
      return Done{};
    }
    const auto number = SegmentNumberOf(name);
    if (!number) return Done{};
    auto file = files_.Open(directory_ / name, kReadDirect);
    if (!file) {
      if (file.error().code == Code::kNotFound) return Done{};
      return std::move(file).error();
    }
    ASSIGN_OR_RETURN(const std::uint64_t file_bytes, (*file)->Size());
    bool damaged = false;
    auto header = ReadSegmentHeader(**file, &damaged);
    if (!header) {
      if (header.error().code != Code::kCorrupt) return std::move(header).error();
      ASSIGN_OR_RETURN(const bool exists, files_.Exists(directory_ / name));
      if (!exists) return Done{};
      unreadable_[*number] = {
          .segment = *number, .bytes = file_bytes, .lost = {}, .reason = header.error().message};
      survey_.unreadable.push_back(name);
      return Done{};
    }
    if (header->number != *number) {
      ASSIGN_OR_RETURN(const bool exists, files_.Exists(directory_ / name));
      if (!exists) return Done{};
      survey_.report.foreign.push_back(
          {.name = name, .reason = "holds segment " + std::to_string(header->number)});
      return Done{};
    }
    if (damaged) AddDamage({*number, 0, kBlockBytes, {}, "header block: one copy is damaged"});
    FoundSegment found{.name = name, .header = *header, .file_bytes = file_bytes};
    auto footer = ReadFooter(**file, *header);
    if (footer) {
      found.closed = true;
      found.frames_end = footer->frames_end;
      found.frames = footer->entries;
      if (footer->last != 0) found.range = {.first = footer->first, .last = footer->last};
    } else if (footer.error().code != Code::kCorrupt) {
      return std::move(footer).error();
    }
    candidates_.push_back(std::move(found));
    return Done{};
  }

  // The id that most segments carry; files with another one are not of this log.
  void ChooseLogId() {
    std::map<Hash128, int> votes;
    for (const auto& segment : candidates_) votes[segment.header.log_id] += 2;
    if (have_cursors_) votes[survey_.cursors.log_id] += 1;
    if (votes.empty()) return;
    const auto winner = std::ranges::max_element(
        votes, [](const auto& a, const auto& b) { return a.second < b.second; });
    survey_.log_id = winner->first;
    if (have_cursors_ && survey_.cursors.log_id != survey_.log_id) {
      survey_.cursors = {};
      have_cursors_ = false;
      survey_.report.cursors_lost = true;
    }
    std::erase_if(candidates_, [&](const FoundSegment& segment) {
      if (segment.header.log_id == survey_.log_id) return false;
      survey_.report.foreign.push_back({.name = segment.name, .reason = "is of another log"});
      return true;
    });
    std::ranges::sort(candidates_, {}, [](const auto& s) { return s.header.number; });
    if (!candidates_.empty()) survey_.highest_number = candidates_.back().header.number;
  }

  Status Walk(FoundSegment& segment) {
    auto file = files_.Open(directory_ / segment.name, kReadDirect);
    if (!file) {
      if (file.error().code == Code::kNotFound) return Done{};
      return std::move(file).error();
    }
    SegmentReader reader(**file, segment.header, {.end = segment.file_bytes});
    Walked& walked = walked_[segment.header.number];
    while (true) {
      ASSIGN_OR_RETURN(const Piece piece, reader.Next());
      if (piece.kind == Piece::Kind::kEnd) return Done{};
      walked.items.push_back({.kind = piece.kind,
                              .offset = piece.offset,
                              .bytes = piece.bytes,
                              .position = piece.header.position,
                              .durable_through = piece.header.durable_through,
                              .header_fits = piece.header_fits,
                              .lost = piece.lost,
                              .reason = piece.reason});
      if (!piece.header_fits) continue;
      walked.durable_through = std::max(walked.durable_through, piece.header.durable_through);
      if (piece.kind != Piece::Kind::kFrame) continue;
      if (walked.first == 0) walked.first = piece.header.position;
      AppendFooterEntry(piece.offset, piece.header_bytes, walked.footer_entries);
    }
  }

  // First position of the frames of segment i, before it was judged; 0 when it has none.
  Position FirstOf(std::size_t i) const {
    const FoundSegment& segment = candidates_[i];
    if (segment.closed) return segment.range.empty() ? 0 : segment.range.first;
    const auto walked = walked_.find(segment.header.number);
    return walked == walked_.end() ? 0 : walked->second.first;
  }

  // Highest position of the frames of segment i, before it was judged; 0 when it has none.
  Position LastOf(std::size_t i) const {
    const auto walked = walked_.find(candidates_[i].header.number);
    if (walked == walked_.end()) return candidates_[i].range.last;
    Position last = 0;
    for (const Item& item : walked->second.items) {
      if (item.kind == Piece::Kind::kFrame) last = std::max(last, item.position);
    }
    return last;
  }

  // What segment i itself and the cursors know to have been durable.
  Position KnownDurable(std::size_t i) const {
    Position bound = 0;
    const auto own = walked_.find(candidates_[i].header.number);
    if (own != walked_.end()) bound = own->second.durable_through;
    // What was left out before the segment was never written: nothing vouches for it.
    if (bound < candidates_[i].header.first_position) bound = 0;
    // With SyncMode::kInterval a cursor may be ahead of what power loss left.
    if (!candidates_[i].header.interval_sync) bound = std::max(bound, vouched_);
    return bound;
  }

  struct Bounds {
    Position durable = 0;              // at or below it, what is broken is damage
    Position accepted = ~Position{0};  // behind it, frames are leftovers of an earlier cut
  };
  Bounds BoundsOf(std::size_t i) const {
    const Position known = KnownDurable(i);
    for (std::size_t later = i + 1; later < candidates_.size(); ++later) {
      const Position first = FirstOf(later);
      if (first == 0) continue;
      // A later segment began with `first`: all before it was durable, unless positions were left
      // out on purpose between the two.
      const bool skipped = LastOf(i) < candidates_[later].header.first_position;
      return {.durable = skipped ? std::min(known, first - 1) : first - 1, .accepted = first - 1};
    }
    return {.durable = known};
  }

  void Judge() {
    Position expected = have_cursors_ ? survey_.cursors.released + 1 : 0;
    Position known = candidates_.empty() ? vouched_ : 0;
    Position begun = 0;  // behind the positions that were left out last, with or without frames
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      FoundSegment& segment = candidates_[i];
      known = std::max(known, KnownDurable(i));
      if (!segment.closed) Cut(segment, BoundsOf(i), expected);
      begun = std::max(begun, segment.header.first_position);
      if (segment.range.empty()) continue;
      NoteSkipped(segment.header.first_position, expected);
      if (expected == 0) expected = segment.range.first;
      NoteGap(segment, expected);
      expected = std::max(expected, segment.range.last + 1);
    }
    expected = std::max<Position>(expected, 1);
    if (known >= begun) NoteSkipped(begun, expected);
    survey_.report.last = std::max(expected - 1, known);
    if (known < expected) return;
    Damage damage{.lost = {.first = expected, .last = known},
                  .reason = "frames are missing at the end"};
    if (!candidates_.empty()) {
      const FoundSegment& tail = candidates_.back();
      damage.segment = tail.header.number;
      damage.offset = tail.frames_end;
      damage.bytes = tail.file_bytes - std::min(tail.file_bytes, tail.frames_end);
    }
    AddDamage(std::move(damage));
  }

  // Positions were left out before `first`, where a segment was begun.
  void NoteSkipped(Position first, Position& expected) {
    if (expected == 0 || first <= expected) return;
    survey_.skipped.push_back({.first = expected, .last = first - 1});
    expected = first;
  }

  void NoteGap(const FoundSegment& segment, Position expected) {
    const PositionRange gap{.first = expected, .last = segment.range.first - 1};
    if (gap.empty()) return;
    // A segment in between whose header does not read explains it.
    const auto next = unreadable_.lower_bound(segment.header.number);
    if (next != unreadable_.begin() && std::prev(next)->second.lost.empty()) {
      std::prev(next)->second.lost = gap;
      return;
    }
    AddDamage({segment.header.number, kFirstGroupOffset, 0, gap,
               "frames are missing before this segment"});
  }

  // Takes the walked frames of `segment` up to its torn tail. Positions below `expected` are known
  // to be elsewhere.
  void Cut(FoundSegment& segment, const Bounds& bounds, Position expected) {
    Walked& walked = walked_[segment.header.number];
    std::size_t i = 0;
    for (; i < walked.items.size(); ++i) {
      const Item& item = walked.items[i];
      if (item.kind == Piece::Kind::kFrame) {
        if (item.position > bounds.accepted) break;
        Take(segment, item);
        if (item.position <= bounds.durable) segment.vouched_end = segment.frames_end;
        continue;
      }
      PositionRange lost = item.lost;
      if (segment.range.empty()) {
        // Positions before the first one of the segment were never given away.
        lost.first = std::max({lost.first, expected, segment.header.first_position});
      }
      if (lost.empty()) {
        // Padding. That of a torn group is no damage, and what follows is served no more than
        // behind a torn frame: a reader would come past it again and again.
        if (segment.range.last > bounds.durable) break;
        AddDamage({segment.header.number, item.offset, item.bytes, {}, item.reason});
        continue;
      }
      if (lost.first > bounds.durable || SeededBug(Bug::kTruncateAtFirstDamage)) break;
      const bool torn = lost.last > bounds.durable;
      lost.last = std::min(lost.last, bounds.durable);
      AddDamage({segment.header.number, item.offset, item.bytes, lost, item.reason});
      if (torn) break;
    }
    CountTorn(segment, walked, i);
    walked.footer_entries.resize(segment.frames * kFooterEntryBytes);
    segment.footer_entries = std::move(walked.footer_entries);
  }

  static void Take(FoundSegment& segment, const Item& item) {
    if (segment.range.empty()) segment.range = {.first = item.position, .last = item.position};
    segment.range.last = item.position;
    segment.frames_end = item.offset + item.bytes - (SeededBug(Bug::kFrameEndOffByOne) ? 1 : 0);
    ++segment.frames;
    if (segment.places.empty() || item.offset - segment.places.back().offset >= kPlaceEveryBytes) {
      segment.places.push_back({.position = item.position, .offset = item.offset});
    }
  }

  void CountTorn(const FoundSegment& segment, const Walked& walked, std::size_t from) {
    std::uint64_t end = segment.frames_end;
    for (std::size_t i = from; i < walked.items.size(); ++i) {
      const Item& item = walked.items[i];
      if (item.kind == Piece::Kind::kFrame) ++survey_.report.torn_frames;
      if (item.header_fits) end = std::max(end, item.offset + item.bytes);
    }
    survey_.report.torn_bytes += end - segment.frames_end;
  }

  void Summarise() {
    RecoveryReport& report = survey_.report;
    for (FoundSegment& segment : candidates_) {
      if (!segment.closed) ++report.unclosed;
      if (!segment.closed && segment.header.interval_sync) survey_.skip_ahead = true;
      // Of a release that was interrupted, or never written.
      if (segment.range.empty() || segment.range.last <= survey_.cursors.released) {
        survey_.empty.push_back(std::move(segment));
        continue;
      }
      if (report.first == 0) report.first = segment.range.first;
      report.frames += segment.frames;
      survey_.segments.push_back(std::move(segment));
    }
    for (auto& [number, damage] : unreadable_) {
      // The newest segment: nothing tells what positions it held.
      if (survey_.segments.empty() || number > survey_.segments.back().header.number) {
        survey_.skip_ahead = true;
      }
      report.damage.push_back(damage);
    }
    report.segments = survey_.segments.size();
    report.clean = report.unclosed == 0 && unreadable_.empty();
  }

  void AddDamage(Damage damage) { survey_.report.damage.push_back(std::move(damage)); }

  os::FileSystem& files_;
  const std::filesystem::path& directory_;
  Survey survey_;
  bool have_cursors_ = false;
  Position vouched_ = 0;                        // durable, as the cursors say that were read first
  std::vector<FoundSegment> candidates_;        // of this log, by number
  std::map<std::uint64_t, Walked> walked_;      // by segment number; of those not closed
  std::map<std::uint64_t, Damage> unreadable_;  // by segment number
};

}  // namespace

Result<Survey> SurveyDirectory(os::FileSystem& files, const std::filesystem::path& directory) {
  return Surveyor(files, directory).Run();
}

}  // namespace strata::wal
