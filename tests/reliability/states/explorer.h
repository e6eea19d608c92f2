// Explorer: cuts the power at every call that changes a simulated disk, and judges what is left.
//
// A state is one call and one subset of what was not synced when it was under way. When there are
// few enough subsets all are judged; otherwise: everything, nothing, single pieces lost or kept,
// beginnings, and subsets drawn from the seed. States that are equal, and of which equal things are
// known, are judged once and counted once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "os/simulated_disk.h"

namespace strata::reliability {

struct StateName {
  std::uint64_t operation = 0;  // the n-th call that changed a watched disk
  std::uint64_t subset = 0;

  std::string Text() const { return std::to_string(operation) + "." + std::to_string(subset); }
  static std::optional<StateName> Parse(const std::string& text);
  bool operator==(const StateName&) const = default;
};

// What must hold on the disk that the next process finds.
class Subject {
 public:
  virtual ~Subject() = default;
  // Empty, or the promise that is broken. `seed` is the state's own.
  virtual std::string Judge(std::unique_ptr<os::SimulatedDisk> after, std::uint64_t seed) const = 0;
  // Changes whenever what Judge() asks for does.
  virtual std::uint64_t Knowledge() const = 0;
};

struct Violation {
  StateName state;
  std::string broken;
};

class Explorer {
 public:
  struct Options {
    std::uint64_t seed = 1;
    std::uint64_t subsets = 24;          // of one call, at most
    std::optional<StateName> only = {};  // judge no other state
  };
  explicit Explorer(const Options& options) : options_(options) {}

  // Judges the states of every call on `disk` from now on. Both outlive the watch.
  void Watch(os::SimulatedDisk& disk, const Subject& subject);
  // Judges the states of a disk on which nothing is under way, and ends its watch.
  void Rest(os::SimulatedDisk& disk, const Subject& subject);

  std::uint64_t operations() const { return operation_; }
  std::uint64_t states() const { return states_; }
  const std::vector<Violation>& violations() const { return violations_; }

 private:
  using Survives = os::SimulatedDisk::Survives;
  using Loss = std::function<std::unique_ptr<os::SimulatedDisk>(const Survives&)>;
  void Explore(const Loss& loss, const Subject& subject);
  void Judge(StateName state, std::unique_ptr<os::SimulatedDisk> after, const Subject& subject);
  std::uint64_t SeedOf(StateName state) const;

  const Options options_;
  std::uint64_t operation_ = 0;
  std::uint64_t states_ = 0;
  std::unordered_set<std::uint64_t> judged_;
  std::vector<Violation> violations_;
};

}  // namespace strata::reliability
