#include "base/fault_point.h"

#include <csignal>

#include <gtest/gtest.h>

namespace strata {
namespace {

// Never called, and known all the same.
[[maybe_unused]] void Unreached() {
  FaultPoint<"test.unreached">();
}

// How often it got through "test.loop.passed", told by the exit code.
[[noreturn]] void LoopAndExit(const char* spec) {
  if (!ArmFaultPoint(spec)) std::_Exit(100);
  for (int passed = 0;; ++passed) {
    if (passed == 5) std::_Exit(passed);
    FaultPoint<"test.loop.passed">();
  }
}

TEST(FaultPoint, AllAreListedInOrder) {
  const auto names = FaultPointNames();
  EXPECT_TRUE(std::ranges::is_sorted(names));
  EXPECT_TRUE(std::ranges::count(names, "test.loop.passed") == 1);
  EXPECT_TRUE(std::ranges::count(names, "test.unreached") == 1);
}

TEST(FaultPoint, NothingHappensUnlessArmed) {
  FaultPoint<"test.loop.passed">();
}

TEST(FaultPointDeathTest, ThePassThatWasAskedForKills) {
  EXPECT_EXIT(LoopAndExit("test.loop.passed"), testing::KilledBySignal(SIGKILL), "");
  EXPECT_EXIT(LoopAndExit("test.loop.passed:5"), testing::KilledBySignal(SIGKILL), "");
  EXPECT_EXIT(LoopAndExit("test.loop.passed:6"), testing::ExitedWithCode(5), "");
  EXPECT_EXIT(LoopAndExit("test.unreached"), testing::ExitedWithCode(5), "");
}

TEST(FaultPoint, AWrongSpecificationIsRefused) {
  EXPECT_EQ(ArmFaultPoint("test.nowhere:3").error().message,
            "no fault point is called 'test.nowhere'; 'strata version --fault-points' lists them");
  for (const char* spec : {"test.unreached:", "test.unreached:0", "test.unreached:x",
                           "test.unreached:1x", "test.unreached:-1"}) {
    EXPECT_FALSE(ArmFaultPoint(spec)) << spec;
  }
}

}  // namespace
}  // namespace strata
