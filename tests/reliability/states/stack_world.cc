#include "states/stack_world.h"

#include <utility>

namespace strata::reliability {

StackWorld::StackWorld(const StackConfig& config, os::SimulatedDisk::Options options,
                       std::uint64_t seed, Explorer* explorer)
    : DiskWorld(explorer), StackLives(config, seed) {
  options.seed = seed;
  Replace(std::make_unique<os::SimulatedDisk>(options));
}

StackWorld::~StackWorld() = default;

void StackWorld::MoveTo(os::SimulatedDisk& disk) {
  StackLives::MoveTo(disk);
}

std::string StackWorld::CheckWhatIsTold(const Fault& fault) const {
  return StackLives::CheckWhatIsTold(fault);
}

std::string StackWorld::ComeBack() {
  return StackLives::ComeBack();
}

void StackWorld::Kill() {
  Replace(disk().AfterKill());
}

void StackWorld::LosePower() {
  Replace(disk().AfterPowerLoss(Draw()));
}

// A life that finds the damage, makes good what can be, and goes on; then one more.
std::string StackWorld::JudgeDamage(std::unique_ptr<os::SimulatedDisk> damaged,
                                    std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  StackOracle oracle = this->oracle();
  StackConfig config = this->config();
  config.log.max_bytes += 16 * config.log.segment_bytes;
  std::set<Position> told;
  std::unique_ptr<os::SimulatedDisk> next;
  {
    StackLife life(*damaged, config, oracle, random());
    life.ExpectDamage({});
    if (auto opened = life.Open(); !opened) return "does not open: " + opened.error().message;
    if (std::string wrong = life.Check(/*fresh=*/false); !wrong.empty()) return wrong;
    if (auto started = life.Start(); !started) return "does not start: " + started.error().message;
    const std::size_t request = life.SendNew("prod", 3, 20);
    life.Settle();
    if (oracle.At(request).receipt == 0) return "takes no requests";
    life.Seal();
    life.Merge();
    if (random() % 2 == 0) life.Stop();
    if (std::string wrong = life.Check(/*fresh=*/false); !wrong.empty()) return "later: " + wrong;
    told = life.told();
    next = random() % 2 == 0 ? damaged->AfterPowerLoss(random()) : damaged->AfterKill();
    Unplug(*damaged);
  }
  StackLife life(*next, config, oracle, random());
  life.ExpectDamage(told);
  if (auto opened = life.Open(); !opened) {
    return "the second time: does not open: " + opened.error().message;
  }
  const std::string wrong = life.Check(/*fresh=*/false);
  return wrong.empty() ? wrong : "the second time: " + wrong;
}

std::string StackWorld::Judge(std::unique_ptr<os::SimulatedDisk> after, std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  after->SetCapacity(1ULL << 40);
  std::unique_ptr<os::SimulatedDisk> next;
  const auto end = [&](std::unique_ptr<StackLife> life, Ending ending) -> os::FileSystem& {
    next = ending == Ending::kPowerLoss ? after->AfterPowerLoss(random()) : after->AfterKill();
    Unplug(*after);
    life.reset();
    return *next;
  };
  return JudgeNextLives(*after, config(), oracle(), random, end);
}

}  // namespace strata::reliability
