#include "store/carry.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/fault_point.h"
#include "base/hash.h"
#include "base/log.h"

namespace strata::store {

Result<std::unique_ptr<Carry>> Carry::Open(const Path& data_dir, os::FileSystem& files,
                                           const Clock& clock) {
  std::unique_ptr<Carry> carry(new Carry(data_dir / "carry", files, clock));
  RETURN_IF_ERROR(carry->Load());
  return carry;
}

Status Carry::Load() {
  auto entries = files_.List(folder_);
  if (!entries) {
    if (entries.error().code == Code::kNotFound) return Done{};
    return std::move(entries).error();
  }
  for (const os::DirectoryEntry& entry : *entries) {
    if (const auto number = CarryNumberOf(entry.name)) {
      last_number_ = std::max(last_number_, *number);
    }
  }
  if (last_number_ > 0) {
    // Its name may be that of a process which died before it synced the folder.
    RETURN_IF_ERROR(files_.SyncDirectory(folder_));
    ASSIGN_OR_RETURN(
        const CarryOutcome outcome,
        ReadCarryFile(FileOf(last_number_), files_, [this](const wal::FrameView& frame) -> Status {
          last_of_[frame.info.collection_id] = frame.position;
          return Done{};
        }));
    header_ = outcome.header;
    header_.number = last_number_;
    through_ = header_.through;
    damaged_ = !outcome.damage.empty();
    if (damaged_) {
      LogError("carry file is damaged", {{"path", FileOf(last_number_).native()},
                                         {"reason", outcome.damage},
                                         {"frames_lost", outcome.lost_frames},
                                         {"frames_read", outcome.frames}});
    }
  }
  for (const os::DirectoryEntry& entry : *entries) {
    const auto number = CarryNumberOf(entry.name);
    if ((number && *number < last_number_) || entry.name.ends_with(".new")) {
      RETURN_IF_ERROR(files_.Remove(folder_ / entry.name));
      FaultPoint<"store.open.old_carry_removed">();
    }
  }
  return Done{};
}

Result<CarryOutcome> Carry::Replay(const SealedOf& sealed, const wal::FrameVisitor& visit) const {
  if (header_.number == 0) return CarryOutcome{};
  return ReadCarryFile(FileOf(header_.number), files_, [&](const wal::FrameView& frame) -> Status {
    if (frame.position <= sealed(frame.info.collection_id)) return Done{};
    return visit(frame);
  });
}

Status Carry::Replace(const SealedOf& sealed, const FrameSource& log, wal::Position through) {
  // A number is never tried twice: a failed try may yet turn up after a crash, and is then as good
  // as the one before it, for no segment was released.
  const std::uint64_t number = ++last_number_;
  const std::int64_t times[] = {clock_.WallNanos(), clock_.Monotonic().time_since_epoch().count()};
  const auto salt = static_cast<std::uint32_t>(Hash64(std::as_bytes(std::span(times)), number));
  RETURN_IF_ERROR(files_.CreateDirectories(folder_));
  ASSIGN_OR_RETURN(CarryWriter writer, CarryWriter::Create(folder_, number, salt, files_));
  std::unordered_map<model::CollectionId, wal::Position> last_of;
  const auto append = [&](const wal::FrameView& frame) -> Status {
    last_of[frame.info.collection_id] = frame.position;
    return writer.Append(frame);
  };
  RETURN_IF_ERROR(Replay(sealed, append));
  RETURN_IF_ERROR(log(append));
  FaultPoint<"store.carry.copied">();
  ASSIGN_OR_RETURN(const CarryHeader header, writer.Finish(through));
  FaultPoint<"store.carry.durable">();
  const std::uint64_t old = std::exchange(header_, header).number;
  through_ = through;
  last_of_ = std::move(last_of);
  if (old != 0) RetireOld(old);
  return Done{};
}

// What stays behind here is removed at the next start, or read once more for nothing.
void Carry::RetireOld(std::uint64_t number) {
  Status retired = Done{};
  if (std::exchange(damaged_, false)) {
    const Path quarantine = folder_.parent_path() / "quarantine";
    retired = files_.CreateDirectories(quarantine);
    if (retired) retired = files_.Rename(FileOf(number), quarantine / CarryFileName(number));
  } else {
    retired = files_.Remove(FileOf(number));
  }
  if (!retired) LogWarn("old carry file stays", retired.error());
}

void Carry::DropIfSealed(const SealedOf& sealed) {
  if (header_.number == 0) return;
  for (const auto& [collection, position] : last_of_) {
    if (sealed(collection) < position) return;
  }
  RetireOld(header_.number);
  FaultPoint<"store.carry.dropped">();
  header_ = {};
  last_of_.clear();
}

}  // namespace strata::store
