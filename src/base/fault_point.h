// Named places in the code at which a test can have the process killed, as `kill -9` would:
//
//   RETURN_IF_ERROR(files.Rename(fresh, path));
//   FaultPoint<"os.replace.renamed">();
//   return SyncDirectory(folder);
//
// They are compiled into every build, so that what is tested is what is shipped, and stand where a
// crash has to be survived: before and after each durable step, between deciding and answering. A
// pass costs one relaxed load of a flag: have one for each request or file, never for each row.
//
// `strata serve` arms the one that STRATA_FAULT_POINT names (tests/reliability/README.md); nothing
// else does. Names are "<module>.<noun>.<what has just happened>".
//
// Threads: passing a point, any; arming, before the threads that pass it exist.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace strata {

// `spec` is "name" or "name:n": the process dies when it passes that point for the n-th time.
// kInvalidInput: no point has that name, or n is no number from 1 on.
Status ArmFaultPoint(std::string_view spec);

// Of all points of this program, in alphabetical order.
std::vector<std::string_view> FaultPointNames();

template <std::size_t kBytes>
struct FaultName {
  consteval FaultName(const char (&name)[kBytes]) { std::copy_n(name, kBytes, text); }  // NOLINT
  char text[kBytes];
};

namespace fault_point {

extern std::atomic<bool> armed;        // NOLINT(*-avoid-non-const-global-variables): see above
bool Register(std::string_view name);  // before main()
void Pass(std::string_view name);

template <FaultName kName>
struct Point {
  static constexpr std::string_view kText{kName.text};
  static inline const bool kKnown = Register(kText);
};

}  // namespace fault_point

template <FaultName kName>
void FaultPoint() {
  using Point = fault_point::Point<kName>;
  static_cast<void>(&Point::kKnown);  // or it would not be registered
  if (fault_point::armed.load(std::memory_order_relaxed)) [[unlikely]] {
    fault_point::Pass(Point::kText);
  }
}

}  // namespace strata
