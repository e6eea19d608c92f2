#include "states/explorer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <random>
#include <utility>

namespace strata::reliability {
namespace {

std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a + 0x9E3779B97F4A7C15ULL * (b + 1);
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

// Answers "does the next piece survive?" for one subset of `pieces` pieces.
class Chooser {
 public:
  Chooser(std::uint64_t subset, std::uint64_t subsets, std::uint64_t pieces, std::uint64_t seed)
      : random_(seed) {
    if (pieces < 20 && (std::uint64_t{1} << pieces) <= subsets) {
      plan_ = Plan::kBits;
      bits_ = ~subset;  // 0: everything survives
    } else if (subset == 0) {
      plan_ = Plan::kAll;
    } else if (subset == 1) {
      plan_ = Plan::kNone;
    } else if (subset < subsets / 2) {
      plan_ = std::array{Plan::kAllBut, Plan::kOnly, Plan::kUpTo}[subset % 3];
      chosen_ = random_() % pieces;
    } else {
      plan_ = Plan::kRandom;
      of_four_ = 1 + random_() % 3;
    }
  }

  bool Next() {
    const std::uint64_t piece = asked_++;
    switch (plan_) {
      case Plan::kBits:
        return ((bits_ >> piece) & 1U) != 0;
      case Plan::kAll:
        return true;
      case Plan::kNone:
        return false;
      case Plan::kAllBut:
        return piece != chosen_;
      case Plan::kOnly:
        return piece == chosen_;
      case Plan::kUpTo:
        return piece <= chosen_;
      case Plan::kRandom:
        return random_() % 4 < of_four_;
    }
    return false;
  }

 private:
  enum class Plan : std::uint8_t { kBits, kAll, kNone, kAllBut, kOnly, kUpTo, kRandom };
  std::mt19937_64 random_;
  Plan plan_ = Plan::kAll;
  std::uint64_t bits_ = 0;
  std::uint64_t chosen_ = 0;
  std::uint64_t of_four_ = 2;
  std::uint64_t asked_ = 0;
};

// How many subsets are worth a look.
std::uint64_t SubsetsOf(std::uint64_t pieces, std::uint64_t most) {
  return pieces < 20 ? std::min(most, std::uint64_t{1} << pieces) : most;
}

}  // namespace

std::optional<StateName> StateName::Parse(const std::string& text) {
  StateName name;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, name.operation);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, name.subset);
  if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
  return name;
}

std::uint64_t Explorer::SeedOf(StateName state) const {
  return Mix(Mix(options_.seed, state.operation), state.subset);
}

void Explorer::Watch(os::SimulatedDisk& disk, const Subject& subject) {
  disk.SetWatch([this, &subject](const os::SimulatedDisk::Moment& moment) {
    Explore([&](const Survives& survives) { return moment.AfterPowerLoss(survives); }, subject);
  });
}

void Explorer::Rest(os::SimulatedDisk& disk, const Subject& subject) {
  disk.SetWatch({});
  Explore([&](const Survives& survives) { return disk.AfterPowerLoss(survives); }, subject);
}

void Explorer::Explore(const Loss& loss, const Subject& subject) {
  ++operation_;
  if (options_.only && options_.only->operation != operation_) return;
  std::uint64_t pieces = 0;
  auto whole = loss([&] { return ++pieces != 0; });
  const std::uint64_t subsets = SubsetsOf(pieces, options_.subsets);
  for (std::uint64_t subset = 0; subset < subsets; ++subset) {
    const StateName state{.operation = operation_, .subset = subset};
    if (options_.only && *options_.only != state) continue;
    Chooser chooser(subset, subsets, pieces, SeedOf(state));
    auto after = subset == 0 ? std::move(whole) : loss([&] { return chooser.Next(); });
    Judge(state, std::move(after), subject);
  }
}

void Explorer::Judge(StateName state, std::unique_ptr<os::SimulatedDisk> after,
                     const Subject& subject) {
  const std::uint64_t identity = Mix(after->Fingerprint().low, subject.Knowledge());
  if (!judged_.insert(identity).second && !options_.only) return;
  ++states_;
  std::string broken = subject.Judge(std::move(after), SeedOf(state));
  if (!broken.empty()) violations_.push_back({.state = state, .broken = std::move(broken)});
}

}  // namespace strata::reliability
