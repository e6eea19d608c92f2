#include "hot/lane.h"

#include <algorithm>
#include <utility>

#include "base/fault_point.h"

namespace strata::hot {
namespace {

// A lane's first block is small, so that a thousand quiet collections cost little; each further one
// is four times as large, so that a busy lane reaches the full size within some thousand rows.
constexpr std::uint32_t kFirstBlockRows = 64;
constexpr std::uint32_t kBlockGrowth = 4;

// Every so many blocks a column whose values did not repeat is given a dictionary again.
constexpr std::uint32_t kBlocksBetweenRetries = 16;

}  // namespace

Lane::Lane(model::Kind kind, CollectionMarks& marks, std::atomic<std::uint64_t>& total_bytes,
           const Clock& clock)
    : kind_(kind),
      marks_(marks),
      total_bytes_(total_bytes),
      clock_(clock),
      next_capacity_(kFirstBlockRows) {}

void Lane::Unlock() {
  LetGoOfFilled();
  UpdateBytes();
  writing_.unlock();
}

void Lane::LetGoOfFilled() {
  for (const auto& block : filled_) {
    block->in_flight().fetch_sub(1, std::memory_order_release);
  }
  filled_.clear();
}

void Lane::UpdateBytes() {
  if (current_ == nullptr) return;
  const std::size_t bytes = current_->bytes();
  total_bytes_.fetch_add(bytes - counted_bytes_, std::memory_order_relaxed);
  counted_bytes_ = bytes;
}

const std::shared_ptr<model::Block>& Lane::current() {
  if (current_ == nullptr) Roll();
  return current_;
}

void Lane::Roll() {
  UpdateBytes();
  if (current_ != nullptr) {
    hints_ = current_->HintsForNext();
    // Before the new block is listed: from then on this one may be evicted.
    current_->in_flight().fetch_add(1, std::memory_order_relaxed);
    filled_.push_back(current_);
  }
  if (++blocks_since_retry_ == kBlocksBetweenRetries) {
    blocks_since_retry_ = 0;
    hints_ = {};
  }
  current_ = std::make_shared<model::Block>(kind_, next_capacity_, hints_);
  next_row_ = 0;
  counted_bytes_ = 0;
  next_capacity_ = std::min(next_capacity_ * kBlockGrowth, model::kBlockRowsMax);
  UpdateBytes();
  const MutexLock lock(list_mutex_);
  blocks_.push_back({.block = current_, .began = clock_.Monotonic()});
}

void Lane::Slices(Position after, Position up_to, std::vector<model::BlockSlice>& out) const {
  const MutexLock lock(list_mutex_);
  for (const Held& held : blocks_) {
    const model::RunTable& runs = held.block->runs();
    const std::uint32_t first = runs.CountUpTo(after);
    const std::uint32_t last = runs.CountUpTo(up_to);
    if (first < last) {
      out.push_back({.block = held.block, .first_run = first, .last_run = last});
    }
  }
}

void Lane::AddTo(CollectionState& state) const {
  const MutexLock lock(list_mutex_);
  for (const Held& held : blocks_) {
    const model::RunTable& runs = held.block->runs();
    const std::size_t bytes = held.block->bytes();
    state.bytes += bytes;
    const std::uint32_t count = runs.size();
    if (count == 0) continue;
    state.rows += runs.rows();
    const Position first = runs[0].position;
    const Position last = runs[count - 1].position;
    state.first = state.first == 0 ? first : std::min(state.first, first);
    state.last = std::max(state.last, last);
    if (last <= state.sealed) {
      state.sealed_bytes += bytes;
      continue;
    }
    state.unsealed_bytes += bytes;
    const std::uint32_t sealed_runs = runs.CountUpTo(state.sealed);
    const model::BlockSlice unsealed{held.block, sealed_runs, count};
    state.unsealed_rows += sealed_runs == 0 ? runs.rows() : unsealed.RowCount();
    const Position first_unsealed = runs[sealed_runs].position;
    state.first_unsealed =
        state.first_unsealed == 0 ? first_unsealed : std::min(state.first_unsealed, first_unsealed);
  }
}

bool Lane::IsWhollySealed(const model::Block& block) const {
  if (block.in_flight().load(std::memory_order_acquire) != 0) return false;
  const std::uint32_t count = block.runs().size();
  return count == 0 ||
         block.runs()[count - 1].position <= marks_.sealed.load(std::memory_order_acquire);
}

std::uint64_t Lane::EvictOne(bool any, MonotonicTime before) {
  const std::uint64_t freed = EvictFullBlock(any, before);
  return freed != 0 ? freed : EvictCurrentBlock(any, before);
}

std::uint64_t Lane::EvictFullBlock(bool any, MonotonicTime before) {
  const MutexLock lock(list_mutex_);
  // The last block may be the one that is being filled.
  if (blocks_.size() < 2 || !IsDue(blocks_.front(), any, before)) return 0;
  return DropFront();
}

// The block that is being filled goes too when nobody fills it: a quiet collection costs no block.
std::uint64_t Lane::EvictCurrentBlock(bool any, MonotonicTime before) {
  if (!TryLock()) return 0;
  std::uint64_t freed = 0;
  {
    const MutexLock lock(list_mutex_);
    if (blocks_.size() == 1 && IsDue(blocks_.front(), any, before)) {
      if (current_ != nullptr) {
        hints_ = current_->HintsForNext();
        current_ = nullptr;
        counted_bytes_ = 0;
        next_capacity_ = kFirstBlockRows;
      }
      freed = DropFront();
    }
  }
  Unlock();
  return freed;
}

bool Lane::IsDue(const Held& held, bool any, MonotonicTime before) const {
  return (any || held.began < before) && IsWhollySealed(*held.block);
}

// Lease holders count the current block's bytes when they end, so the count of a block that nobody
// writes to is exact.
std::uint64_t Lane::DropFront() {
  const model::Block& block = *blocks_.front().block;
  const std::uint32_t count = block.runs().size();
  if (count != 0) {
    const Position last = block.runs()[count - 1].position;
    marks_.floor.store(std::max(marks_.floor.load(std::memory_order_relaxed), last),
                       std::memory_order_release);
  }
  const std::uint64_t freed = block.bytes();
  total_bytes_.fetch_sub(freed, std::memory_order_relaxed);
  blocks_.pop_front();
  FaultPoint<"hot.block.evicted">();
  return freed;
}

std::optional<MonotonicTime> Lane::Oldest() const {
  const MutexLock lock(list_mutex_);
  if (blocks_.empty()) return std::nullopt;
  return blocks_.front().began;
}

PendingRows::PendingRows(Lane& lane, std::vector<model::RowRange> ranges)
    : lane_(&lane), ranges_(std::move(ranges)) {
  for (const model::RowRange& range : ranges_) {
    range.block->in_flight().fetch_add(1, std::memory_order_relaxed);
  }
}

PendingRows& PendingRows::operator=(PendingRows&& other) noexcept {
  Drop();
  lane_ = std::exchange(other.lane_, nullptr);
  ranges_ = std::move(other.ranges_);
  other.ranges_.clear();
  return *this;
}

PendingRows::~PendingRows() {
  Drop();
}

void PendingRows::Drop() {
  for (const model::RowRange& range : ranges_) {
    range.block->in_flight().fetch_sub(1, std::memory_order_release);
  }
  ranges_.clear();
}

void PendingRows::Publish(Position position) {
  if (ranges_.empty()) return;
  for (const model::RowRange& range : ranges_) {
    range.block->runs().Append({.position = position, .begin = range.begin, .end = range.end});
  }
  std::atomic<std::int64_t>& since = lane_->marks().unsealed_since;
  if (since.load(std::memory_order_relaxed) == 0) {
    since.store(lane_->clock().Monotonic().time_since_epoch().count(), std::memory_order_relaxed);
  }
  Drop();
}

LaneLease::LaneLease(Lane& lane) : lane_(&lane) {}

LaneLease::LaneLease(LaneLease&& other) noexcept : lane_(std::exchange(other.lane_, nullptr)) {}

LaneLease::~LaneLease() {
  if (lane_ != nullptr) lane_->Unlock();
}

model::BlockSource& LaneLease::source() {
  return *lane_;
}

PendingRows LaneLease::Take(const model::RowWriter& writer) {
  PendingRows rows(*lane_, writer.Rows());
  lane_->LetGoOfFilled();
  return rows;
}

}  // namespace strata::hot
