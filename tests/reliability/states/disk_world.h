// DiskWorld: processes on a simulated disk, one after the other; the disk loses power or meets a
// fault.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "os/simulated_disk.h"
#include "states/explorer.h"
#include "states/fault.h"

namespace strata::reliability {

// The end of a process: whatever it still does reaches nothing, and nobody watches it.
void Unplug(os::SimulatedDisk& disk);

class DiskWorld : public Subject {
 public:
  // Judges the disk as it is. The last thing that a scenario does.
  void Rest();

  // The n-th call from the beginning of the world fails, on whatever disk it is then.
  void Plan(const Fault& fault) { planned_.emplace(fault, *disk_); }
  // False: the scenario made fewer calls.
  bool fault_was_met() const { return planned_ && planned_->WasMet(*disk_); }
  // After the scenario: empty, or the promise that was broken. What was acked survives a kill and
  // the loss of power; no sync was tried again; and when the fault is lifted the process comes back
  // by itself.
  std::string JudgeFault(std::uint64_t seed);

  os::SimulatedDisk& disk() { return *disk_; }

 protected:
  // `explorer`: null when nobody judges.
  explicit DiskWorld(Explorer* explorer) : explorer_(explorer) {}
  // Ends the process; the next has this disk, which is watched from its first call on.
  void Replace(std::unique_ptr<os::SimulatedDisk> disk);

 private:
  // Forgets the process, if there is one. The next one's files are these.
  virtual void MoveTo(os::SimulatedDisk& disk) = 0;
  // Empty, or what somebody who was told of the fault was not told.
  virtual std::string CheckWhatIsTold(const Fault& fault) const = 0;
  // The fault is lifted. Empty, or what the process that met it does not do again.
  virtual std::string ComeBack() = 0;

  Explorer* const explorer_;
  std::optional<PlannedFault> planned_;
  std::unique_ptr<os::SimulatedDisk> disk_;
};

}  // namespace strata::reliability
