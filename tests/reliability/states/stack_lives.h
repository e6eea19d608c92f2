// StackLives: processes of all of strata on the same files, one after the other, and senders that
// remember.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "states/fault.h"
#include "states/stack_life.h"
#include "states/stack_oracle.h"

namespace strata::reliability {

class StackLives {
 public:
  StackLives(const StackConfig& config, os::FileSystem& files, std::uint64_t seed);
  ~StackLives();

  StackLife& Boot();  // a new process
  void Stop();        // ends it in order
  void Drop();        // forgets it, if there is one

  StackLife& life() { return *life_; }
  bool is_up() const { return life_ != nullptr; }
  StackOracle& oracle() { return oracle_; }
  const StackOracle& oracle() const { return oracle_; }
  const StackConfig& config() const { return config_; }
  // A number from 0 to below `n`.
  std::uint64_t Random(std::uint64_t n) { return random_() % n; }

  // Of the process that met a fault. Empty, or what is missing in what it says of it.
  std::string CheckWhatIsTold(const Fault& fault) const;
  // And when the fault is lifted: it works as before, that is, takes requests, seals them, and
  // shows each of them once.
  std::string ComeBack();

 protected:
  // Of StackWorld, whose files are replaced by what is left of them.
  StackLives(const StackConfig& config, std::uint64_t seed);
  void MoveTo(os::FileSystem& files);
  std::uint64_t Draw() { return random_(); }

 private:
  const StackConfig config_;
  std::mt19937_64 random_;
  os::FileSystem* files_ = nullptr;
  StackOracle oracle_;
  std::unique_ptr<StackLife> life_;
};

// How a process ends; kStop: it was stopped already.
enum class Ending : std::uint8_t { kStop, kKill, kPowerLoss };
// Ends it. Returns the files that the next one has.
using EndLife = std::function<os::FileSystem&(std::unique_ptr<StackLife> life, Ending ending)>;

// The promises on files that somebody left, for the senders of `oracle`: at once; after a life in
// which they repeat what they are not sure of; and after its end. Empty, or what is broken.
std::string JudgeNextLives(os::FileSystem& files, const StackConfig& config, StackOracle oracle,
                           std::mt19937_64& random, const EndLife& end);

}  // namespace strata::reliability
