#include "app/chaos_points.h"

#include <algorithm>

namespace strata::app {
namespace {

constexpr std::uint32_t kTriesMax = 12;
constexpr std::uint64_t kPassMax = 3;

// Some points are passed only when a start finds what a death at another left behind.
std::string BeforeOf(std::string_view point) {
  static constexpr std::pair<std::string_view, std::string_view> kBefore[] = {
      {"wal.start.footer_written", "wal.group.settled"},
      {"wal.start.spare_removed", "wal.spare.created"},
      {"wal.start.spare_renamed", "wal.segment.durable"},
      {"store.open.old_carry_removed", "store.carry.durable"},
      {"store.open.orphan_removed", "store.seal.part_written"},
  };
  for (const auto& [found, left] : kBefore) {
    if (found == point) return std::string(left);
  }
  return {};
}

// Others are passed in certain directories only.
bool MayBePassed(std::string_view point, ChaosTemper temper, bool first_life) {
  const auto in = [&](std::string_view prefix) { return point.starts_with(prefix); };
  if (in("ingest.define.") || in("store.collections.") || in("store.checkpoint.")) {
    return first_life;
  }
  if (first_life) return !in("store.") && !in("hot.") && !in("duck.");
  if (in("store.carry.") || in("store.open.old_carry")) return temper == ChaosTemper::kCarrying;
  if (in("store.retention.")) return temper == ChaosTemper::kForgetful;
  if (in("store.merge.") || in("hot.block.") || in("store.graveyard.")) {
    return temper == ChaosTemper::kSealing;
  }
  return true;
}

}  // namespace

PointWalk::PointWalk(const std::vector<std::string>& points, std::uint64_t seed) : random_(seed) {
  for (const std::string& point : points) {
    waiting_.push_back(point);
    points_[point] = {};
  }
  std::ranges::shuffle(waiting_, random_);
}

std::optional<PointWalk::Visit> PointWalk::Next(ChaosTemper temper, bool first_life) {
  const MutexLock lock(mutex_);
  const auto found = std::ranges::find_if(
      waiting_, [&](const std::string& point) { return MayBePassed(point, temper, first_life); });
  if (found == waiting_.end()) return std::nullopt;
  Visit visit{.point = std::move(*found)};
  waiting_.erase(found);
  visit.before = BeforeOf(visit.point);
  // One of the first passes will do; what was missed is tried at its very first, and given more
  // time.
  visit.tries = points_[visit.point].tries++;
  if (visit.tries == 0) visit.pass = 1 + random_() % kPassMax;
  return visit;
}

void PointWalk::NoteReached(const std::string& point) {
  const MutexLock lock(mutex_);
  points_[point].reached = true;
}

void PointWalk::NoteMissed(const std::string& point) {
  const MutexLock lock(mutex_);
  const Point& missed = points_[point];
  if (!missed.reached && missed.tries < kTriesMax) waiting_.push_back(point);
}

std::uint64_t PointWalk::left() const {
  const MutexLock lock(mutex_);
  return waiting_.size();
}

std::uint64_t PointWalk::points() const {
  const MutexLock lock(mutex_);
  return points_.size();
}

std::uint64_t PointWalk::reached() const {
  return points() - Unreached().size();
}

std::vector<std::string> PointWalk::Unreached() const {
  const MutexLock lock(mutex_);
  std::vector<std::string> unreached;
  for (const auto& [name, point] : points_) {
    if (!point.reached) unreached.push_back(name);
  }
  return unreached;
}

}  // namespace strata::app
