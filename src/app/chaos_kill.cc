#include "app/chaos_kill.h"

#include <thread>
#include <utility>

namespace strata::app {
namespace {

using std::chrono::milliseconds;

// Lives of one data directory. It fills up, so that each check costs more than the one before.
constexpr std::uint64_t kLivesOfAHouse = 18;
// At first they only fill it: most fault points want something to work on.
constexpr std::uint64_t kFillingLives = 4;
// Of random lives: one of so many is killed while it starts, one is stopped instead.
constexpr std::uint64_t kEarlyEvery = 4;
constexpr std::uint64_t kStopEvery = 12;
constexpr std::uint64_t kRandomEvery = 3;  // of the others, where points wait for a visit
constexpr milliseconds kStartUsual{250};
constexpr milliseconds kLoadMax{120};
// After that a server is asked to stop, and may yet come to its fault point.
constexpr milliseconds kVisitLoad{150};

milliseconds Below(milliseconds bound, std::mt19937_64& random) {
  return milliseconds(
      static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bound.count())));
}

}  // namespace

KillSuite::KillSuite(const KillOptions& options, const std::atomic<bool>& stop,
                     ChaosFindings& findings, os::FileSystem& files)
    : options_(options),
      stop_(stop),
      findings_(findings),
      files_(files),
      points_(options.points, options.seed) {}

Status KillSuite::Run() {
  std::vector<Status> ended(options_.servers, Status(Done{}));
  {
    std::vector<std::jthread> lanes;
    lanes.reserve(ended.size());
    for (Status& status : ended) {
      lanes.emplace_back([this, &status] {
        while (status && !Ended()) status = RunHouse(next_house_.fetch_add(1));
      });
    }
  }
  for (Status& status : ended) RETURN_IF_ERROR(std::move(status));
  return Done{};
}

bool KillSuite::Ended() const {
  if (stop_.load(std::memory_order_relaxed) || findings_.any()) return true;
  if (options_.deadline && SystemClock().Monotonic() >= *options_.deadline) return true;
  if (options_.kills == 0 || counts().kills < options_.kills) return false;
  return !options_.every_point || points_.left() == 0;
}

Status KillSuite::RunHouse(std::uint64_t number) {
  const std::string name = "kill-" + std::to_string(number);
  const auto temper = static_cast<ChaosTemper>(number % kChaosTempers);
  ASSIGN_OR_RETURN(const auto house,
                   ChaosHouse::Open({.binary = options_.binary,
                                     .directory = options_.directory / name,
                                     .ledger_directory = options_.ledger_directory / name,
                                     .seed = options_.seed * 1000 + number,
                                     .temper = temper},
                                    traffic_, findings_, files_));
  {
    const MutexLock lock(mutex_);
    ++counts_.directories;
  }
  std::mt19937_64 random(options_.seed ^ number << 32);
  for (std::uint64_t life = 0; life < kLivesOfAHouse && !Ended(); ++life) {
    const bool filling = life > 0 && life < kFillingLives;
    const bool random_turn = filling || random() % kRandomEvery == 0;
    const auto visit = random_turn ? std::nullopt : points_.Next(temper, life == 0);
    if (visit) {
      RETURN_IF_ERROR(VisitPoint(*house, *visit));
    } else {
      RETURN_IF_ERROR(Live(*house, RandomLife(random)));
    }
  }
  // What the last kill left is looked at, too.
  if (!findings_.any()) RETURN_IF_ERROR(Live(*house, {.load = {}, .stop = true}));
  return house->Close();
}

Status KillSuite::VisitPoint(ChaosHouse& house, const PointWalk::Visit& visit) {
  HouseLife life{.load = kVisitLoad * (1 + visit.tries), .stop = true};
  if (!visit.before.empty()) {
    life.fault_point = visit.before;
    ASSIGN_OR_RETURN(const HouseOutcome before, Live(house, life));
    if (before.end == HouseOutcome::End::kAtPoint) points_.NoteReached(visit.before);
  }
  life.fault_point = visit.point + ":" + std::to_string(visit.pass);
  ASSIGN_OR_RETURN(const HouseOutcome outcome, Live(house, life));
  const bool reached = outcome.end == HouseOutcome::End::kAtPoint;
  reached ? points_.NoteReached(visit.point) : points_.NoteMissed(visit.point);
  return Done{};
}

HouseLife KillSuite::RandomLife(std::mt19937_64& random) {
  if (random() % kEarlyEvery == 0) return {.kill_at = Below(kStartUsual, random), .load = {}};
  return {.load = Below(kLoadMax, random), .stop = random() % kStopEvery == 0};
}

Result<HouseOutcome> KillSuite::Live(ChaosHouse& house, const HouseLife& life) {
  ASSIGN_OR_RETURN(const HouseOutcome outcome, house.Live(life));
  const MutexLock lock(mutex_);
  using End = HouseOutcome::End;
  counts_.kills_random += outcome.end == End::kKilled;
  counts_.kills_at_points += outcome.end == End::kAtPoint;
  counts_.kills = counts_.kills_random + counts_.kills_at_points;
  counts_.stops += outcome.end == End::kStopped;
  counts_.checks += outcome.checked;
  return outcome;
}

KillCounts KillSuite::counts() const {
  const MutexLock lock(mutex_);
  return counts_;
}

}  // namespace strata::app
