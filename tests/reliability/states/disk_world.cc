#include "states/disk_world.h"

#include <utility>

namespace strata::reliability {

void Unplug(os::SimulatedDisk& disk) {
  disk.SetWatch({});
  disk.CrashAt(1);
}

void DiskWorld::Replace(std::unique_ptr<os::SimulatedDisk> disk) {
  if (planned_) planned_->Move(*disk_, *disk);
  if (disk_ != nullptr) Unplug(*disk_);
  MoveTo(*disk);
  disk_ = std::move(disk);
  if (explorer_ != nullptr) explorer_->Watch(*disk_, *this);
}

void DiskWorld::Rest() {
  if (explorer_ != nullptr) explorer_->Rest(*disk_, *this);
}

std::string DiskWorld::JudgeFault(std::uint64_t seed) {
  if (disk_->retried_syncs() != 0) return "a failed sync was tried again on the same file";
  std::string wrong = CheckWhatIsTold(planned_->fault());
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

}  // namespace strata::reliability
