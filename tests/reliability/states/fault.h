// A fault that a scenario meets: its n-th call fails, once or from then on.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <system_error>

#include "os/simulated_disk.h"

namespace strata::reliability {

struct Fault {
  std::uint64_t call = 0;  // from 1 on
  int number = 0;          // errno
  os::SimulatedDisk::Repeat repeat = os::SimulatedDisk::Repeat::kOnce;

  std::string Text() const {
    const bool once = repeat == os::SimulatedDisk::Repeat::kOnce;
    return std::string(strerrorname_np(number)) + (once ? " once" : " for ever") + " at call " +
           std::to_string(call);
  }
  // Empty, or what is missing in what somebody is told: what the machine said, and of which file.
  std::string Untold(const std::string& said) const {
    // As in "write /log/1.wal: Input/output error".
    const auto says = [&](int what) {
      return said.find(": " + std::generic_category().message(what)) != std::string::npos;
    };
    // A scenario may have a full disk or a full log of its own.
    if (says(number) || says(ENOSPC)) return "";
    if (said.starts_with("log full: ")) return "";
    return "is told without what failed and where: " + said;
  }
};

// A fault that is waited for over the disks of several lives.
class PlannedFault {
 public:
  PlannedFault(const Fault& fault, os::SimulatedDisk& disk) : fault_(fault) { Arm(disk); }

  // The scenario goes on with another disk.
  void Move(const os::SimulatedDisk& from, os::SimulatedDisk& to) {
    calls_before_ += from.operations();
    Arm(to);
  }
  // False: the scenario made fewer calls.
  bool WasMet(const os::SimulatedDisk& disk) const {
    return calls_before_ + disk.operations() >= fault_.call;
  }
  const Fault& fault() const { return fault_; }

 private:
  void Arm(os::SimulatedDisk& disk) const {
    if (calls_before_ < fault_.call) {
      disk.FailAt(fault_.call - calls_before_, fault_.number, fault_.repeat);
    } else if (fault_.repeat == os::SimulatedDisk::Repeat::kForEver) {
      disk.FailAt(1, fault_.number, fault_.repeat);
    }
  }

  const Fault fault_;
  std::uint64_t calls_before_ = 0;
};

}  // namespace strata::reliability
