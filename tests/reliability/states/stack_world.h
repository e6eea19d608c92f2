// StackWorld: all of strata on a simulated disk, over many lives.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "os/simulated_disk.h"
#include "states/disk_world.h"
#include "states/stack_lives.h"

namespace strata::reliability {

class StackWorld final : public DiskWorld, public StackLives {
 public:
  StackWorld(const StackConfig& config, os::SimulatedDisk::Options options, std::uint64_t seed,
             Explorer* explorer);
  ~StackWorld() override;

  // As those of LogWorld.
  void Kill();
  void LosePower();
  // After the scenario: empty, or the promise that is broken on a copy of the disk on which
  // somebody damaged a file.
  std::string JudgeDamage(std::unique_ptr<os::SimulatedDisk> damaged, std::uint64_t seed) const;

  std::string Judge(std::unique_ptr<os::SimulatedDisk> after, std::uint64_t seed) const override;
  std::uint64_t Knowledge() const override { return oracle().version(); }

 private:
  void MoveTo(os::SimulatedDisk& disk) override;
  std::string CheckWhatIsTold(const Fault& fault) const override;
  std::string ComeBack() override;
};

}  // namespace strata::reliability
