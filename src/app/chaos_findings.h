// What `strata chaos` found: how often a promise was put to the test, and how often it was broken.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/mutex.h"

namespace strata::app {

enum class ChaosBreach : std::uint8_t {
  kLost,        // an acknowledged record is not there
  kDuplicated,  // a record is there twice
  kAltered,     // a record is not what was sent
  kDisordered,  // records of a client are not in the order in which it sent them
  kMissed,      // damage that nobody noticed, or that was reported and did not happen
  kFailed,      // anything else that must not be: the server died by itself, refused a good request
};
inline constexpr std::size_t kChaosBreaches = 6;

std::string_view ChaosBreachName(ChaosBreach breach);

// Thread-safe.
class ChaosFindings {
 public:
  void Add(ChaosBreach breach, std::string what, std::uint64_t count = 1);
  std::uint64_t Count(ChaosBreach breach) const;
  bool any() const;
  // The first of them, each a sentence.
  std::vector<std::string> Sentences() const;

 private:
  mutable Mutex mutex_;
  std::uint64_t counts_[kChaosBreaches] GUARDED_BY(mutex_) = {};
  std::vector<std::string> sentences_ GUARDED_BY(mutex_);
};

}  // namespace strata::app
