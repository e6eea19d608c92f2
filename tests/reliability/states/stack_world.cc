#include "states/stack_world.h"

#include <utility>

#include "states/log_world.h"

namespace strata::reliability {

StackWorld::StackWorld(const StackConfig& config, os::SimulatedDisk::Options options,
                       std::uint64_t seed, Explorer* explorer)
    : config_(config), random_(seed), explorer_(explorer) {
  options.seed = seed;
  Replace(std::make_unique<os::SimulatedDisk>(options));
}

StackWorld::~StackWorld() = default;

void StackWorld::Replace(std::unique_ptr<os::SimulatedDisk> disk) {
  if (planned_) planned_->Move(*disk_, *disk);
  if (disk_ != nullptr) Unplug(*disk_);
  life_.reset();
  disk_ = std::move(disk);
  if (explorer_ != nullptr) explorer_->Watch(*disk_, *this);
}

StackLife& StackWorld::Boot() {
  life_.reset();
  life_ = std::make_unique<StackLife>(*disk_, config_, oracle_, random_());
  return *life_;
}

void StackWorld::Stop() {
  life_->Stop();
  life_.reset();
}

void StackWorld::Kill() {
  Replace(disk_->AfterKill());
}

void StackWorld::LosePower() {
  Replace(disk_->AfterPowerLoss(random_()));
}

void StackWorld::Rest() {
  if (explorer_ != nullptr) explorer_->Rest(*disk_, *this);
}

// A start that failed, a log that is not well, and sealing that does not work say why.
std::string StackWorld::CheckWhatIsTold() const {
  if (life_ == nullptr) return "";
  const Fault& fault = planned_->fault();
  if (!life_->boot()) return fault.Untold(life_->boot().error().message);
  if (!life_->started()) return "";
  for (const std::string& ailment : {life_->log().ailment(), life_->store().ailment()}) {
    if (ailment.empty()) continue;
    if (std::string wrong = fault.Untold(ailment); !wrong.empty()) return wrong;
  }
  return "";
}

// The process that met the fault works as before once it is lifted: it takes requests, seals them,
// and shows each of them once.
std::string StackWorld::ComeBack() {
  if (life_ == nullptr || !life_->started()) return "";
  const std::size_t request = oracle_.NewRequest("prod", 3, 20, false);
  for (int attempt = 0; attempt < 6 && oracle_.At(request).receipt == 0; ++attempt) {
    life_->Advance(std::chrono::seconds(2));
    life_->Send(request);
    life_->Settle();
  }
  if (oracle_.At(request).receipt == 0) {
    return "takes no requests after the fault was lifted: " + life_->log().ailment();
  }
  life_->Advance(std::chrono::minutes(10));
  if (const Status sealed = life_->store().SealPass(); !sealed) {
    return "does not seal after the fault was lifted: " + sealed.error().message;
  }
  if (!life_->store().ailment().empty()) return "still ails: " + life_->store().ailment();
  life_->Merge();
  return life_->Check(/*fresh=*/false);
}

std::string StackWorld::JudgeFault(std::uint64_t seed) {
  if (disk_->retried_syncs() != 0) return "a failed sync was tried again on the same file";
  std::string wrong = CheckWhatIsTold();
  if (!wrong.empty()) return wrong;
  wrong = Judge(disk_->AfterKill(), seed);
  if (!wrong.empty()) return "killed: " + wrong;
  wrong = Judge(disk_->AfterPowerLoss(seed), seed);
  if (!wrong.empty()) return "without power: " + wrong;
  disk_->ClearFault();
  wrong = ComeBack();
  if (wrong.empty()) wrong = Judge(disk_->AfterPowerLoss(seed), seed);
  return wrong.empty() ? wrong : "later: " + wrong;
}

// A life that finds the damage, makes good what can be, and goes on; then one more.
std::string StackWorld::JudgeDamage(std::unique_ptr<os::SimulatedDisk> damaged,
                                    std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  StackOracle oracle = oracle_;
  StackConfig config = config_;
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

namespace {

// Requests sent again: what was acked gets its receipt, what was not is stored now at the latest.
std::string SendAgain(StackLife& life, const StackOracle& oracle, std::mt19937_64& random) {
  std::vector<std::size_t> sent;
  for (std::size_t i = 0; i < oracle.size(); ++i) {
    if (oracle.At(i).receipt == 0 || random() % 4 == 0) sent.push_back(i);
  }
  for (const std::size_t index : sent) life.Send(index);
  life.Settle();
  for (const std::size_t index : sent) {
    if (oracle.At(index).receipt == 0) {
      return "request " + std::to_string(index) + " is not taken when it is sent again";
    }
  }
  return oracle.violation();
}

void LiveOn(StackLife& life, std::mt19937_64& random) {
  if (random() % 2 == 0) life.SendNew("prod", 1 + static_cast<std::uint32_t>(random() % 30), 20);
  if (random() % 4 == 0) life.SaveDedup();
  if (random() % 3 == 0) life.Seal();
  if (random() % 4 == 0) life.Merge();
  life.Drive(2);
}

std::string CheckOn(os::SimulatedDisk& disk, const StackConfig& config, StackOracle& oracle) {
  StackLife life(disk, config, oracle, 1);
  if (auto opened = life.Open(); !opened) return "does not open: " + opened.error().message;
  return life.Check(/*fresh=*/true);
}

}  // namespace

// The promises at once; then a life in which senders repeat what they are not sure of; then, after
// that one's end, the promises again.
std::string StackWorld::Judge(std::unique_ptr<os::SimulatedDisk> after, std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  StackOracle oracle = oracle_;
  StackConfig config = config_;
  config.log.max_bytes += 16 * config.log.segment_bytes;
  after->SetCapacity(1ULL << 40);
  std::unique_ptr<os::SimulatedDisk> next;
  {
    StackLife life(*after, config, oracle, random());
    if (auto opened = life.Open(); !opened) return "does not open: " + opened.error().message;
    if (std::string wrong = life.Check(/*fresh=*/true); !wrong.empty()) return wrong;
    if (auto started = life.Start(); !started) return "does not start: " + started.error().message;
    if (std::string wrong = SendAgain(life, oracle, random); !wrong.empty()) return wrong;
    LiveOn(life, random);
    const std::uint64_t ending = random() % 3;
    if (ending == 0) life.Stop();
    if (std::string wrong = life.Check(/*fresh=*/false); !wrong.empty()) return "later: " + wrong;
    next = ending == 2 ? after->AfterPowerLoss(random()) : after->AfterKill();
    Unplug(*after);
  }
  const std::string wrong = CheckOn(*next, config, oracle);
  return wrong.empty() ? wrong : "the second time: " + wrong;
}

}  // namespace strata::reliability
