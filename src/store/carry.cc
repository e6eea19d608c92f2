#include "store/carry.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/fault_point.h"
#include "base/hash.h"
#include "base/log.h"
#include "os/quarantine.h"

namespace strata::store {

Result<std::unique_ptr<Carry>> Carry::Open(const Path& data_dir, os::FileSystem& files,
                                           const Clock& clock) {
  std::unique_ptr<Carry> carry(new Carry(data_dir, files, clock));
  RETURN_IF_ERROR(carry->Load());
  return carry;
}

// An index without its file is an attempt that was cut short, if there is a file before it: that
// one goes only when its successor is durable.
Result<std::uint64_t> Carry::NewestNumber(const Path& folder, os::FileSystem& files) {
  auto entries = files.List(folder);
  if (!entries) {
    if (entries.error().code == Code::kNotFound) return std::uint64_t{0};
    return std::move(entries).error();
  }
  std::uint64_t file = 0;
  std::uint64_t index = 0;
  for (const os::DirectoryEntry& entry : *entries) {
    file = std::max(file, CarryNumberOf(entry.name).value_or(0));
    index = std::max(index, CarryIndexNumberOf(entry.name).value_or(0));
  }
  return file != 0 ? file : index;
}

Status Carry::Load() {
  ASSIGN_OR_RETURN(const std::uint64_t number, NewestNumber(folder(), files_));
  if (number != 0) {
    // Its name may be that of a process which died before it synced the folder.
    RETURN_IF_ERROR(files_.SyncDirectory(folder()));
    RETURN_IF_ERROR(Read(number));
  }
  const auto entries = files_.List(folder());
  if (!entries) return Done{};  // there is none yet
  for (const os::DirectoryEntry& entry : *entries) {
    const auto file = CarryNumberOf(entry.name);
    const auto index = CarryIndexNumberOf(entry.name);
    last_number_ = std::max({last_number_, file.value_or(0), index.value_or(0)});
    const bool stale = (file && *file != number) || (index && *index != number);
    if (!stale && !entry.name.ends_with(".new")) continue;
    RETURN_IF_ERROR(files_.Remove(folder() / entry.name));
    FaultPoint<"store.open.old_carry_removed">();
  }
  last_number_ = std::max(last_number_, number);
  return Done{};
}

Status Carry::Read(std::uint64_t number) {
  ASSIGN_OR_RETURN(
      CarryOutcome outcome,
      ReadCarry(folder(), number, files_, [this](const wal::FrameView& frame) -> Status {
        last_of_[frame.info.collection_id] = frame.position;
        held_.push_back({.position = frame.position,
                         .collection = frame.info.collection_id,
                         .records = frame.info.record_count});
        return Done{};
      }));
  if (!outcome.readable) {
    LogError(
        "nothing can be told of a carry file: rows of small collections are lost, those that "
        "are above the sealed position and below the log",
        {{"number", number}, {"reason", outcome.damage}, {"index", outcome.index_damage}});
    return Retire(number, /*damaged=*/true);
  }
  header_ = outcome.header;
  through_ = header_.through;
  if (outcome.sound()) {
    if (!outcome.has_index) WriteIndex();
    return Done{};
  }
  damage_ = outcome.damage.empty() ? "index: " + outcome.index_damage : outcome.damage;
  LogError("carry file is damaged", {{"number", number},
                                     {"reason", damage_},
                                     {"frames_read", outcome.frames},
                                     {"frames_damaged", outcome.lost.size()},
                                     {"frames_lost_unnamed", outcome.lost_unnamed}});
  broken_ = std::move(outcome.lost);
  unnamed_ = outcome.lost_unnamed;
  return Done{};
}

// The process died between the file and its index. Nothing is released on a file without one, for
// what is damaged then has no name.
void Carry::WriteIndex() {
  const CarryIndex index{
      .number = header_.number, .through = header_.through, .salt = header_.salt, .entries = held_};
  const Status written =
      files_.ReplaceAll(folder() / CarryIndexName(header_.number), EncodeCarryIndex(index));
  if (!written) MarkDamaged("it has no index: " + written.error().message);
}

// Every frame up to through() that is not sealed was carried: what the log has of them and the file
// has not is what is missing.
Status Carry::NameFromLog(const SealedOf& sealed, const FrameSource& log) {
  const auto knows = [](const std::vector<CarryEntry>& entries, wal::Position position) {
    return std::ranges::binary_search(entries, position, {}, &CarryEntry::position);
  };
  std::vector<CarryEntry> found;
  RETURN_IF_ERROR(log([&](const wal::FrameView& frame) -> Status {
    const bool missing = frame.info.type == wal::FrameType::kRecords &&
                         frame.position > sealed(frame.info.collection_id) &&
                         !knows(held_, frame.position) && !knows(broken_, frame.position);
    if (missing) {
      found.push_back({.position = frame.position,
                       .collection = frame.info.collection_id,
                       .records = frame.info.record_count});
    }
    return Done{};
  }));
  unnamed_ -= std::min<std::uint64_t>(unnamed_, found.size());
  broken_.insert(broken_.end(), found.begin(), found.end());
  std::ranges::sort(broken_, {}, &CarryEntry::position);
  return Done{};
}

void Carry::MarkDamaged(std::string reason) {
  if (damaged()) return;
  LogError("carry file is damaged; its rows are in memory and will be sealed",
           {{"number", header_.number}, {"reason", reason}});
  damage_ = std::move(reason);
}

Result<Carry::Replayed> Carry::Replay(const SealedOf& sealed, const Log& log,
                                      const wal::FrameVisitor& visit) {
  Replayed replayed;
  if (header_.number == 0) return replayed;
  if (unnamed_ > 0) RETURN_IF_ERROR(NameFromLog(sealed, log.through));
  replayed.lost_unnamed = unnamed_;
  const auto hand_over = [&](const wal::FrameView& frame) -> Status {
    const model::CollectionId collection = frame.info.collection_id;
    if (frame.position <= sealed(collection)) return Done{};
    ++replayed.frames;
    last_of_[collection] = std::max(last_of_[collection], frame.position);
    return visit(frame);
  };
  auto next = broken_.begin();
  const auto make_good = [&](wal::Position before) -> Status {
    for (; next != broken_.end() && next->position < before; ++next) {
      if (next->position <= sealed(next->collection)) continue;
      auto found = log.at(next->position, hand_over);
      if (found) continue;
      const Code code = found.error().code;
      if (code != Code::kNotFound && code != Code::kCorrupt) return found;
      replayed.lost.push_back(*next);
    }
    return Done{};
  };
  ASSIGN_OR_RETURN(const bool is_there, files_.Exists(folder() / CarryFileName(header_.number)));
  if (is_there) {
    ASSIGN_OR_RETURN(
        const CarryOutcome outcome,
        ReadCarry(folder(), header_.number, files_, [&](const wal::FrameView& frame) -> Status {
          RETURN_IF_ERROR(make_good(frame.position));
          return hand_over(frame);
        }));
    (void)outcome;
  }
  RETURN_IF_ERROR(make_good(UINT64_MAX));
  return replayed;
}

Status Carry::Replace(const SealedOf& sealed, const FrameSource& log, wal::Position through) {
  CHECK(!damaged());
  // A number is never tried twice: a failed try may yet turn up after a crash, and is then as good
  // as the one before it, for no segment was released.
  const std::uint64_t number = ++last_number_;
  std::unordered_map<model::CollectionId, wal::Position> last_of;
  const auto written = Write(sealed, log, number, through, last_of);
  if (!written) {
    RemoveAttempt(number);
    return written.error();
  }
  FaultPoint<"store.carry.durable">();
  const std::uint64_t old = std::exchange(header_, *written).number;
  through_ = through;
  last_of_ = std::move(last_of);
  if (old != 0) {
    // What stays behind here is removed at the next start.
    const Status retired = Retire(old, /*damaged=*/false);
    if (!retired) LogWarn("old carry file stays", retired.error());
  }
  return Done{};
}

Result<CarryHeader> Carry::Write(const SealedOf& sealed, const FrameSource& log,
                                 std::uint64_t number, wal::Position through,
                                 std::unordered_map<model::CollectionId, wal::Position>& last_of) {
  const std::int64_t times[] = {clock_.WallNanos(), clock_.Monotonic().time_since_epoch().count()};
  const auto salt = static_cast<std::uint32_t>(Hash64(std::as_bytes(std::span(times)), number));
  RETURN_IF_ERROR(files_.CreateDirectories(folder()));
  ASSIGN_OR_RETURN(CarryWriter writer, CarryWriter::Create(folder(), number, salt, files_));
  const auto append = [&](const wal::FrameView& frame) -> Status {
    last_of[frame.info.collection_id] = frame.position;
    return writer.Append(frame);
  };
  if (header_.number != 0) {
    const auto copied =
        ReadCarry(folder(), header_.number, files_, [&](const wal::FrameView& frame) -> Status {
          return frame.position <= sealed(frame.info.collection_id) ? Status(Done{})
                                                                    : append(frame);
        });
    if (!copied) return copied.error();
    if (!copied->sound()) {
      MarkDamaged(copied->damage.empty() ? copied->index_damage : copied->damage);
      return Error{Code::kCorrupt, "the carry file does not read back"};
    }
  }
  RETURN_IF_ERROR(log(append));
  FaultPoint<"store.carry.copied">();
  return writer.Finish(through);
}

// It may be large, and the disk may be full. The file goes only without its index, for an index
// that stands alone says that its file is lost.
void Carry::RemoveAttempt(std::uint64_t number) {
  const auto path = folder() / CarryFileName(number);
  const auto index = folder() / CarryIndexName(number);
  for (const auto& name : {path, index}) {
    // Mostly one of them is there at most; what stays is removed at the next start.
    static_cast<void>(files_.Remove(name.native() + ".new").has_value());
  }
  Status gone = files_.Remove(index);
  if (gone) {
    gone = files_.SyncDirectory(folder());
  } else if (gone.error().code == Code::kNotFound) {
    gone = Done{};
  }
  if (gone) static_cast<void>(files_.Remove(path).has_value());
}

// The index first: one that stands alone says that its file is lost, and a file alone is read as it
// is. A damaged file goes first, for its index says what is lost with it.
Status Carry::Retire(std::uint64_t number, bool damaged) {
  std::array names = {CarryIndexName(number), CarryFileName(number)};
  if (damaged) std::swap(names[0], names[1]);
  for (const std::string& name : names) {
    const std::string path = std::string(kFolder) + "/" + name;
    Status retired = Done{};
    if (damaged) {
      auto kept = os::SetAside(data_dir_, path, files_);
      if (!kept) retired = std::move(kept).error();
    } else {
      retired = files_.Remove(data_dir_ / path);
    }
    if (!retired && retired.error().code != Code::kNotFound) return retired;
  }
  return Done{};
}

void Carry::DropIfSealed(const SealedOf& sealed) {
  if (header_.number == 0) return;
  for (const auto& [collection, position] : last_of_) {
    if (sealed(collection) < position) return;
  }
  if (const Status retired = Retire(header_.number, damaged()); !retired) {
    LogWarn("old carry file stays", retired.error());
    if (damaged()) return;  // tried again: a damaged file is not thrown away
  }
  FaultPoint<"store.carry.dropped">();
  header_ = {};
  damage_.clear();
  broken_.clear();
  last_of_.clear();
}

std::string Carry::QuarantinedName(std::uint64_t number) {
  return os::QuarantinePath(std::string(kFolder) + "/" + CarryFileName(number));
}

}  // namespace strata::store
