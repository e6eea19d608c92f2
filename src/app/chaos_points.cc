#include "app/chaos_points.h"

#include <algorithm>

namespace strata::app {
namespace {

constexpr std::uint32_t kTriesMax = 12;
constexpr std::uint64_t kPassMax = 6;

// Some points are passed only when a start finds what a death at another left behind.
std::string BeforeOf(std::string_view point) {
  static constexpr std::pair<std::string_view, std::string_view> kBefore[] = {
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

}  // namespace

PointWalk::PointWalk(const std::vector<std::string>& points, std::uint64_t seed) : random_(seed) {
  for (const std::string& point : points) {
    waiting_.push_back(point);
    points_[point] = {};
  }
  std::ranges::shuffle(waiting_, random_);
}

std::optional<PointWalk::Visit> PointWalk::Next() {
  const MutexLock lock(mutex_);
  if (waiting_.empty()) return std::nullopt;
  Visit visit{.point = std::move(waiting_.front())};
  waiting_.pop_front();
  visit.before = BeforeOf(visit.point);
  // Any pass will do at first; what was missed is tried at its first.
  if (points_[visit.point].tries++ == 0) visit.pass = 1 + random_() % kPassMax;
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
