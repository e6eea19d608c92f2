#include "wal/segment_stock.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/fault_point.h"
#include "base/units.h"
#include "os/aligned_buffer.h"

namespace strata::wal {
namespace {

constexpr std::chrono::milliseconds kRetryInterval{100};
constexpr std::uint64_t kZeroChunkBytes = 1_MiB;

constexpr os::OpenOptions kWriteDirect{.access = os::Access::kReadWrite,
                                       .mode = os::WriteMode::kDirectSync};

}  // namespace

std::uint64_t SaltSeed(std::uint64_t fixed) {
  if (fixed != 0) return fixed;
  std::random_device entropy;
  return (std::uint64_t{entropy()} << 32) | entropy();
}

SegmentStock::SegmentStock(const Config& config, os::FileSystem& files, const Clock& clock,
                           SegmentSet& set)
    : config_(config),
      files_(files),
      clock_(clock),
      set_(set),
      salts_(SaltSeed(config.salt_seed)) {}

SegmentStock::~SegmentStock() {
  Stop();
}

void SegmentStock::Begin(Start start, bool threads) {
  const MutexLock lock(mutex_);
  log_id_ = start.log_id;
  next_number_ = start.next_number;
  next_spare_ = start.next_spare;
  first_position_ = start.first_position;
  spares_.assign(start.spares.begin(), start.spares.end());
  // A restart with a fixed seed must not repeat the salts of the run before.
  salts_.seed(SaltSeed(config_.salt_seed) + next_number_);
  last_try_ = clock_.Monotonic();
  threads_ = threads;
  if (threads) thread_ = std::thread([this] { Run(); });
}

void SegmentStock::Stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    abandon_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  while (WorkOnce()) {
  }
  const MutexLock lock(mutex_);
  if (!next_) return;
  // An unused segment would look like one that a crash left open.
  const std::string spare = SpareName(next_spare_++);
  FaultPoint<"wal.stop.next_given_back">();
  if (files_.Rename(At(SegmentName(next_->header.number)), At(spare)) &&
      files_.SyncDirectory(config_.directory)) {
    spares_.push_back(spare);
  }
  next_.reset();
}

void SegmentStock::Run() {
  while (true) {
    if (WorkOnce()) continue;
    const MutexLock lock(mutex_);
    if (stopping_ && closing_.empty()) return;
    const bool work = (!next_ && may_try_next_) || !closing_.empty() ||
                      (spares_.size() < config_.spare_segments && may_try_spare_);
    if (!work) changed_.wait(mutex_);
  }
}

// Until the thread has done something; without one it is done here.
void SegmentStock::AwaitWork() {
  if (threads_) {
    changed_.wait(mutex_);
    return;
  }
  mutex_.unlock();
  const bool worked = WorkOnce();
  mutex_.lock();
  CHECK(worked);
}

bool SegmentStock::WorkOnce() {
  const MutexLock lock(mutex_);
  if (!next_ && may_try_next_ && !stopping_) {
    WorkOnNext();
  } else if (!closing_.empty()) {
    WorkOnClosing();
  } else if (spares_.size() < config_.spare_segments && may_try_spare_ && !stopping_) {
    WorkOnSpare();
  } else {
    return false;
  }
  changed_.notify_all();
  return true;
}

void SegmentStock::WorkOnClosing() {
  WritableSegment segment = std::move(closing_.front());
  closing_.pop_front();
  mutex_.unlock();
  const std::uint64_t number = segment.header.number;
  // A footer that cannot be written costs a walk at the next start, no data.
  if (!CloseNow(std::move(segment))) set_.MarkWritten(number, config_.segment_bytes, false);
  mutex_.lock();
}

void SegmentStock::WorkOnNext() {
  may_try_next_ = false;
  std::optional<std::string> spare;
  if (!spares_.empty()) {
    spare = spares_.front();
    spares_.pop_front();
  } else if (!RoomForAnother()) {
    error_ = Error{Code::kExhausted, "log full: " + FormatSize(config_.max_bytes) +
                                         " of segments wait to be released"};
    return;
  }
  being_made_bytes_ = config_.segment_bytes;
  const Position first_position = first_position_;
  mutex_.unlock();
  auto made = MakeNext(spare, first_position);
  mutex_.lock();
  being_made_bytes_ = 0;
  if (!made) {
    error_ = std::move(made).error();
    return;
  }
  next_ = *std::move(made);
  error_.reset();
  in_trouble_ = false;
}

void SegmentStock::WorkOnSpare() {
  may_try_spare_ = false;
  if (!RoomForAnother()) return;
  being_made_bytes_ = config_.segment_bytes;
  mutex_.unlock();
  auto made = MakeSpare();
  mutex_.lock();
  being_made_bytes_ = 0;
  if (!made) return;
  spares_.push_back(*std::move(made));
  may_try_spare_ = true;
  may_try_next_ = may_try_next_ || error_.has_value();
}

bool SegmentStock::RoomForAnother() const {
  const std::uint64_t held = (spares_.size() + (next_ ? 1 : 0)) * config_.segment_bytes;
  return set_.bytes() + held + being_made_bytes_ + config_.segment_bytes <= config_.max_bytes;
}

Result<SegmentStock::Next> SegmentStock::MakeNext(std::optional<std::string> spare,
                                                  Position first_position) {
  if (!spare) {
    ASSIGN_OR_RETURN(spare, MakeSpare());
  }
  SegmentHeader header;
  header.created_ns = clock_.WallNanos();
  header.first_position = first_position;
  header.interval_sync = config_.sync == SyncMode::kInterval;
  {
    const MutexLock lock(mutex_);
    header.number = next_number_++;
    header.log_id = log_id_;
    header.salt = static_cast<std::uint32_t>(salts_());
  }
  const std::string name = SegmentName(header.number);
  auto file = PutToUse(*spare, name, header);
  if (!file) {
    // Under either name it would be a spare at the next start; without it there is room for
    // another.
    (void)files_.Remove(At(*spare)).has_value();
    (void)files_.Remove(At(name)).has_value();
    return std::move(file).error();
  }
  return Next{.header = header, .file = *std::move(file)};
}

Result<std::unique_ptr<os::File>> SegmentStock::PutToUse(const std::string& spare,
                                                         const std::string& name,
                                                         const SegmentHeader& header) {
  {
    ASSIGN_OR_RETURN(const auto file, files_.Open(At(spare), kWriteDirect));
    os::AlignedBuffer block(kBlockBytes);
    EncodeHeaderBlock(header, block.span());
    RETURN_IF_ERROR(file->WriteAt(0, block.span()));
  }
  FaultPoint<"wal.segment.headed">();
  RETURN_IF_ERROR(files_.Rename(At(spare), At(name)));
  FaultPoint<"wal.segment.renamed">();
  if (!SeededBug(Bug::kSkipFolderSync)) {
    RETURN_IF_ERROR(files_.SyncDirectory(config_.directory));
  }
  FaultPoint<"wal.segment.durable">();
  return files_.Open(At(name), {.access = os::Access::kReadWrite, .mode = mode()});
}

Result<std::string> SegmentStock::MakeSpare() {
  std::string name;
  {
    const MutexLock lock(mutex_);
    name = SpareName(next_spare_++);
  }
  if (auto filled = FillSpare(At(name)); !filled) {
    // Half a spare is removed now, or at the next start.
    (void)files_.Remove(At(name)).has_value();
    return std::move(filled).error();
  }
  FaultPoint<"wal.spare.filled">();
  RETURN_IF_ERROR(files_.SyncDirectory(config_.directory));
  FaultPoint<"wal.spare.durable">();
  return name;
}

// Written with zeros, not only allocated: the first write to an allocated block would change the
// file's metadata and cost a journal commit.
Status SegmentStock::FillSpare(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const auto file, files_.Open(path, {.access = os::Access::kReadWrite,
                                                       .create = true,
                                                       .truncate = true,
                                                       .mode = os::WriteMode::kDirectSync}));
  FaultPoint<"wal.spare.created">();
  RETURN_IF_ERROR(file->Allocate(config_.segment_bytes));
  FaultPoint<"wal.spare.allocated">();
  os::AlignedBuffer zeros(std::min<std::uint64_t>(kZeroChunkBytes, config_.segment_bytes));
  std::ranges::fill(zeros.span(), std::byte{0});
  for (std::uint64_t at = 0; at < config_.segment_bytes; at += zeros.size()) {
    if (abandon_) return Error{Code::kUnavailable, "the log stops"};
    const std::uint64_t rest = config_.segment_bytes - at;
    RETURN_IF_ERROR(file->WriteAt(
        at, ByteSpan(zeros.span()).first(std::min<std::uint64_t>(zeros.size(), rest))));
  }
  return file->Sync();
}

Result<WritableSegment> SegmentStock::TakeNext() {
  const MutexLock lock(mutex_);
  if (!next_) {
    // What failed before may be possible now.
    error_.reset();
    may_try_next_ = true;
    changed_.notify_all();
  }
  while (!next_) {
    if (stopping_) return Error{Code::kUnavailable, "the log stops"};
    if (error_ && !may_try_next_ && being_made_bytes_ == 0) {
      in_trouble_ = true;
      return *error_;
    }
    AwaitWork();
  }
  WritableSegment segment{.header = next_->header, .file = std::move(next_->file)};
  next_.reset();
  may_try_next_ = may_try_spare_ = ahead_;
  set_.AddActive(segment.header, config_.segment_bytes);
  changed_.notify_all();
  return segment;
}

void SegmentStock::PrepareMore() {
  {
    const MutexLock lock(mutex_);
    if (ahead_) return;
    ahead_ = may_try_next_ = may_try_spare_ = true;
  }
  changed_.notify_all();
}

void SegmentStock::CloseLater(WritableSegment segment) {
  {
    const MutexLock lock(mutex_);
    closing_.push_back(std::move(segment));
  }
  changed_.notify_all();
}

Status SegmentStock::CloseNow(WritableSegment segment) {
  FaultPoint<"wal.close.begun">();
  // Direct, so that the footer is durable on return whatever the frames were written with.
  if (config_.sync == SyncMode::kInterval || segment.file == nullptr) {
    ASSIGN_OR_RETURN(segment.file,
                     files_.Open(At(SegmentName(segment.header.number)), kWriteDirect));
  }
  RETURN_IF_ERROR(WriteFooter(*segment.file, segment.header, segment.footer_entries, segment.range,
                              segment.write_offset, config_.segment_bytes));
  FaultPoint<"wal.close.done">();
  ASSIGN_OR_RETURN(const std::uint64_t file_bytes, segment.file->Size());
  set_.MarkWritten(segment.header.number, file_bytes, true);
  return Done{};
}

Error SegmentStock::trouble() const {
  const MutexLock lock(mutex_);
  return error_ ? *error_ : Error{Code::kUnavailable, "no segment to write to"};
}

void SegmentStock::Poke() {
  {
    const MutexLock lock(mutex_);
    const MonotonicTime now = clock_.Monotonic();
    if (now - last_try_ < kRetryInterval) return;
    last_try_ = now;
    may_try_next_ = true;
    may_try_spare_ = ahead_;
  }
  changed_.notify_all();
}

Status SegmentStock::MakeSpareOf(const std::string& name, std::uint64_t file_bytes,
                                 const std::string& spare) {
  if (file_bytes > config_.segment_bytes) {
    ASSIGN_OR_RETURN(const auto file, files_.Open(At(name), kWriteDirect));
    RETURN_IF_ERROR(file->Truncate(config_.segment_bytes));
    RETURN_IF_ERROR(file->Sync());
  }
  return files_.Rename(At(name), At(spare));
}

Status SegmentStock::Recycle(std::uint64_t number, std::uint64_t file_bytes) {
  const std::string name = SegmentName(number);
  std::optional<std::string> spare;
  bool is_renamed = false;
  {
    const MutexLock lock(mutex_);
    const bool wanted = spares_.size() < SparesMax(config_);
    is_renamed = renamed_ && renamed_->number == number;
    if (is_renamed) {
      spare = renamed_->spare;
    } else if (wanted && file_bytes >= config_.segment_bytes && !stopping_) {
      spare = SpareName(next_spare_++);
    }
  }
  if (is_renamed) {
    // An earlier call came this far and could not sync the folder.
  } else if (spare) {
    RETURN_IF_ERROR(MakeSpareOf(name, file_bytes, *spare));
  } else if (auto removed = files_.Remove(At(name)); !removed) {
    // It is gone when an earlier call came this far and could not sync the folder.
    if (removed.error().code != Code::kNotFound) return removed;
  }
  FaultPoint<"wal.recycle.unnamed">();
  // Before the file gets a new header: a name that comes back must not lead to another segment.
  auto synced = files_.SyncDirectory(config_.directory);
  FaultPoint<"wal.recycle.durable">();
  {
    const MutexLock lock(mutex_);
    renamed_.reset();
    if (spare && synced) spares_.push_back(*spare);
    if (spare && !synced) renamed_ = Renamed{.number = number, .spare = *spare};
    // There may be room now that was missing.
    may_try_next_ = may_try_next_ || error_.has_value();
    may_try_spare_ = ahead_;
  }
  changed_.notify_all();
  if (synced && spare) recycled_.fetch_add(1, std::memory_order_relaxed);
  return synced;
}

std::uint64_t SegmentStock::bytes() const {
  const MutexLock lock(mutex_);
  return (spares_.size() + (next_ ? 1 : 0)) * config_.segment_bytes;
}

std::vector<SegmentInfo> SegmentStock::List() const {
  const MutexLock lock(mutex_);
  std::vector<SegmentInfo> list;
  if (next_) {
    list.push_back({.name = SegmentName(next_->header.number),
                    .state = SegmentState::kNext,
                    .number = next_->header.number,
                    .file_bytes = config_.segment_bytes,
                    .used_bytes = kFirstGroupOffset});
  }
  for (const std::string& name : spares_) {
    list.push_back(
        {.name = name, .state = SegmentState::kSpare, .file_bytes = config_.segment_bytes});
  }
  return list;
}

}  // namespace strata::wal
