#include "wal/cursor_store.h"

#include "base/fault_point.h"
#include "wal/quarantine.h"

namespace strata::wal {
namespace {

constexpr std::uint64_t kReserveBytes = 64_KiB;

}  // namespace

Status CursorStore::Reserve() {
  ASSIGN_OR_RETURN(const auto file,
                   files_.Open(ReservePath(), {.access = os::Access::kReadWrite, .create = true}));
  FaultPoint<"wal.cursors.reserve_made">();
  return file->Allocate(kReserveBytes);
}

Status CursorStore::Store(CursorTable table) {
  const Bytes bytes = EncodeCursors(table);
  in_doubt_ = true;
  auto stored = files_.ReplaceAll(path_, bytes);
  if (!stored && os::IsNoSpace(stored.error()) && files_.Remove(ReservePath())) {
    stored = files_.ReplaceAll(path_, bytes);
  }
  RETURN_IF_ERROR(std::move(stored));
  FaultPoint<"wal.cursors.stored">();
  in_doubt_ = false;
  table_ = std::move(table);
  return Done{};
}

Status CursorStore::Begin(const Hash128& id, Position floor) {
  const MutexLock lock(mutex_);
  // Without it the log works as well, until the disk is full.
  (void)Reserve().has_value();
  if (table_.log_id == id && table_.floor == floor) return Done{};
  CursorTable table = table_;
  table.log_id = id;
  table.floor = floor;
  return Store(std::move(table));
}

Status CursorStore::Set(std::string_view consumer, Position position) {
  if (consumer.empty() || consumer.size() > kConsumerNameBytesMax) {
    return Error{Code::kInvalidInput, "a consumer's name has 1 to 255 bytes"};
  }
  const MutexLock lock(mutex_);
  CursorTable table = table_;
  const auto found = table.cursors.find(consumer);
  if (found == table.cursors.end()) {
    if (table.cursors.size() == kConsumersMax) {
      return Error{Code::kTooLarge, "more than " + std::to_string(kConsumersMax) + " consumers"};
    }
    table.cursors.emplace(consumer, position);
  } else if (position < found->second) {
    return Error{Code::kInvalidInput, "cursor of " + std::string(consumer) + " is at " +
                                          std::to_string(found->second) + ", beyond " +
                                          std::to_string(position)};
  } else if (position == found->second && !in_doubt_) {
    return Done{};
  } else {
    found->second = position;
  }
  return Store(std::move(table));
}

Status CursorStore::Forget(std::string_view consumer) {
  const MutexLock lock(mutex_);
  CursorTable table = table_;
  const auto found = table.cursors.find(consumer);
  if (found == table.cursors.end() && !in_doubt_) return Done{};
  if (found != table.cursors.end()) table.cursors.erase(found);
  return Store(std::move(table));
}

Status CursorStore::SetReleased(Position position) {
  const MutexLock lock(mutex_);
  if (position <= table_.released) return Done{};
  CursorTable table = table_;
  table.released = position;
  return Store(std::move(table));
}

Result<bool> CursorStore::Scrub() {
  const MutexLock lock(mutex_);
  if (table_.log_id.IsZero()) return false;  // nothing was written yet
  const auto bytes = files_.ReadAll(path_, kCursorFileBytesMax);
  if (bytes) {
    const auto table = DecodeCursors(*bytes);
    // A write that failed may be in the file.
    if (table && (*table == table_ || in_doubt_)) return false;
  } else if (bytes.error().code != Code::kNotFound && bytes.error().code != Code::kTooLarge) {
    return bytes.error();
  }
  auto kept = QuarantineFile(files_, path_.parent_path(), path_.filename().native());
  if (!kept && kept.error().code != Code::kNotFound) return std::move(kept).error();
  RETURN_IF_ERROR(Store(table_));
  return true;
}

CursorTable CursorStore::table() const {
  const MutexLock lock(mutex_);
  return table_;
}

Position CursorStore::Of(std::string_view consumer) const {
  const MutexLock lock(mutex_);
  const auto found = table_.cursors.find(consumer);
  return found == table_.cursors.end() ? 0 : found->second;
}

}  // namespace strata::wal
