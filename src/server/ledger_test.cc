#include "server/ledger.h"

#include <gtest/gtest.h>

namespace strata::server {
namespace {

TEST(Ledger, RefusesBeyondItsLimitAndGivesBack) {
  Ledger ledger(100);
  {
    Ledger::Hold hold(ledger);
    EXPECT_TRUE(hold.GrowTo(60));
    EXPECT_TRUE(hold.GrowTo(100));
    EXPECT_FALSE(hold.GrowTo(101));
    EXPECT_EQ(hold.bytes(), 100U) << "a refusal changes nothing";
    EXPECT_FALSE(ledger.HasRoom(1));
  }
  EXPECT_EQ(ledger.used_bytes(), 0U);
}

TEST(Ledger, ANamespaceThatFloodsLeavesRoomForOthers) {
  Ledger ledger(100);
  Ledger::Hold first(ledger);
  Ledger::Hold second(ledger);
  Ledger::Hold third(ledger);
  first.ChargeTo("flood");
  second.ChargeTo("flood");
  third.ChargeTo("other");
  EXPECT_TRUE(first.GrowTo(40));
  EXPECT_TRUE(second.GrowTo(35));
  EXPECT_FALSE(second.GrowTo(36)) << "three quarters";
  EXPECT_TRUE(third.GrowTo(25));
  EXPECT_FALSE(third.GrowTo(26)) << "the whole";
  first.Release();
  EXPECT_TRUE(second.GrowTo(75));
  EXPECT_EQ(ledger.used_bytes(), 100U);
}

TEST(Ledger, ASingleRequestIsBoundedByTheWholeAlone) {
  Ledger ledger(100);
  Ledger::Hold hold(ledger);
  hold.ChargeTo("one");
  EXPECT_TRUE(hold.GrowTo(50));
  EXPECT_TRUE(hold.GrowTo(100));
}

TEST(Ledger, AHoldThatMovesCountsOnce) {
  Ledger ledger(100);
  Ledger::Hold hold(ledger);
  hold.ChargeTo("one");
  ASSERT_TRUE(hold.GrowTo(70));
  Ledger::Hold moved = std::move(hold);
  EXPECT_EQ(ledger.used_bytes(), 70U);
  moved.Release();
  EXPECT_EQ(ledger.used_bytes(), 0U);
  Ledger::Hold next(ledger);
  next.ChargeTo("one");
  Ledger::Hold beside(ledger);
  beside.ChargeTo("one");
  EXPECT_TRUE(next.GrowTo(40) && beside.GrowTo(35)) << "nothing of the share is left over";
}

}  // namespace
}  // namespace strata::server
