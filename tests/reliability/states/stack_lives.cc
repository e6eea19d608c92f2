#include "states/stack_lives.h"

#include <utility>
#include <vector>

namespace strata::reliability {

StackLives::StackLives(const StackConfig& config, os::FileSystem& files, std::uint64_t seed)
    : StackLives(config, seed) {
  MoveTo(files);
}

StackLives::StackLives(const StackConfig& config, std::uint64_t seed)
    : config_(config), random_(seed) {}

StackLives::~StackLives() = default;

void StackLives::MoveTo(os::FileSystem& files) {
  Drop();
  files_ = &files;
}

StackLife& StackLives::Boot() {
  Drop();
  life_ = std::make_unique<StackLife>(*files_, config_, oracle_, random_());
  return *life_;
}

void StackLives::Stop() {
  life_->Stop();
  Drop();
}

void StackLives::Drop() {
  life_.reset();
}

// A start that failed, a log that is not well, and sealing that does not work say why.
std::string StackLives::CheckWhatIsTold(const Fault& fault) const {
  if (life_ == nullptr) return "";
  if (!life_->boot()) return fault.Untold(life_->boot().error().message);
  if (!life_->started()) return "";
  for (const std::string& ailment : {life_->log().ailment(), life_->store().ailment()}) {
    if (ailment.empty()) continue;
    if (std::string wrong = fault.Untold(ailment); !wrong.empty()) return wrong;
  }
  return "";
}

std::string StackLives::ComeBack() {
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

std::string CheckOn(os::FileSystem& files, const StackConfig& config, StackOracle& oracle) {
  StackLife life(files, config, oracle, 1);
  if (auto opened = life.Open(); !opened) return "does not open: " + opened.error().message;
  return life.Check(/*fresh=*/true);
}

}  // namespace

std::string JudgeNextLives(os::FileSystem& files, const StackConfig& judged, StackOracle oracle,
                           std::mt19937_64& random, const EndLife& end) {
  StackConfig config = judged;
  config.log.max_bytes += 16 * config.log.segment_bytes;
  auto life = std::make_unique<StackLife>(files, config, oracle, random());
  if (auto opened = life->Open(); !opened) return "does not open: " + opened.error().message;
  if (std::string wrong = life->Check(/*fresh=*/true); !wrong.empty()) return wrong;
  if (auto started = life->Start(); !started) return "does not start: " + started.error().message;
  if (std::string wrong = SendAgain(*life, oracle, random); !wrong.empty()) return wrong;
  LiveOn(*life, random);
  const auto ending = static_cast<Ending>(random() % 3);
  if (ending == Ending::kStop) life->Stop();
  if (std::string wrong = life->Check(/*fresh=*/false); !wrong.empty()) return "later: " + wrong;
  os::FileSystem& next = end(std::move(life), ending);
  const std::string wrong = CheckOn(next, config, oracle);
  return wrong.empty() ? wrong : "the second time: " + wrong;
}

}  // namespace strata::reliability
