#include "app/chaos_findings.h"

#include <algorithm>
#include <utility>

namespace strata::app {
namespace {

constexpr std::size_t kSentencesMax = 20;

}  // namespace

std::string_view ChaosBreachName(ChaosBreach breach) {
  static constexpr std::string_view kNames[kChaosBreaches] = {"lost",       "duplicated", "altered",
                                                              "disordered", "missed",     "failed"};
  return kNames[static_cast<std::size_t>(breach)];
}

void ChaosFindings::Add(ChaosBreach breach, std::string what, std::uint64_t count) {
  const MutexLock lock(mutex_);
  counts_[static_cast<std::size_t>(breach)] += count;
  if (sentences_.size() < kSentencesMax) {
    sentences_.push_back(std::string(ChaosBreachName(breach)) + ": " + std::move(what));
  }
}

std::uint64_t ChaosFindings::Count(ChaosBreach breach) const {
  const MutexLock lock(mutex_);
  return counts_[static_cast<std::size_t>(breach)];
}

bool ChaosFindings::any() const {
  const MutexLock lock(mutex_);
  return std::ranges::any_of(counts_, [](std::uint64_t count) { return count > 0; });
}

std::vector<std::string> ChaosFindings::Sentences() const {
  const MutexLock lock(mutex_);
  return sentences_;
}

}  // namespace strata::app
