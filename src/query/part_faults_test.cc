#include "query/part_faults.h"

#include <gtest/gtest.h>

namespace strata::query {
namespace {

struct PartFaultsTest : testing::Test {
  std::vector<std::string> reported;
  ReportPart report = [this](const std::string& path, PartFault fault) {
    reported.push_back(path + (fault == PartFault::kDamaged ? " damaged" : " unreadable"));
  };
  PartFaults faults{report};
};

TEST_F(PartFaultsTest, ADamagedPartIsReportedAndIsAReasonOnce) {
  const duck::SqlError damaged{.code = Code::kCorrupt, .damaged_parts = {"a"}};
  EXPECT_TRUE(faults.MakeAnotherRunWorthwhile(damaged));
  EXPECT_EQ(reported, std::vector<std::string>{"a damaged"});
  EXPECT_FALSE(faults.MakeAnotherRunWorthwhile(damaged)) << "it was not left out";
}

TEST_F(PartFaultsTest, APartThatCannotBeReadIsTriedOnceMoreBeforeItIsReported) {
  const duck::SqlError unreadable{.code = Code::kUnavailable, .unreadable_parts = {"a"}};
  EXPECT_TRUE(faults.MakeAnotherRunWorthwhile(unreadable));
  EXPECT_TRUE(reported.empty()) << "it may have been an accident";
  EXPECT_TRUE(faults.MakeAnotherRunWorthwhile(unreadable));
  EXPECT_EQ(reported, std::vector<std::string>{"a unreadable"});
  EXPECT_FALSE(faults.MakeAnotherRunWorthwhile(unreadable));
}

TEST_F(PartFaultsTest, EachPartIsAReasonOfItsOwn) {
  EXPECT_TRUE(faults.MakeAnotherRunWorthwhile({.damaged_parts = {"a"}}));
  EXPECT_TRUE(faults.MakeAnotherRunWorthwhile({.damaged_parts = {"a", "b"}}));
  EXPECT_FALSE(faults.MakeAnotherRunWorthwhile({.message = "no such table"}));
}

}  // namespace
}  // namespace strata::query
