#include "app/chaos_report.h"

#include <gtest/gtest.h>

namespace strata::app {
namespace {

TEST(ChaosReport, IsOneFlatObjectOrATable) {
  ChaosReport report;
  report.Add("kills", 1'234'567);
  report.Add("enospc_cycles", 8);
  EXPECT_EQ(report.AsJson(), "{\"kills\": 1234567, \"enospc_cycles\": 8}\n");
  EXPECT_EQ(report.AsTable(),
            "kills                         1,234,567\n"
            "enospc cycles                         8\n");
}

TEST(ChaosReport, TrafficOfAllSuitesIsAddedUp) {
  ChaosTraffic first;
  ChaosTraffic second;
  first.acked_records = 3;
  second.acked_records = 4;
  second.recognised = 1;
  ChaosReport report;
  AddTraffic({&first, &second}, report);
  EXPECT_EQ(report.AsJson(),
            "{\"acked_requests\": 0, \"acked_records\": 7, \"cut_off\": 0, \"sent_again\": 0, "
            "\"recognised\": 1}\n");
}

TEST(ChaosReport, EachKindOfBreachIsCounted) {
  ChaosFindings findings;
  findings.Add(ChaosBreach::kLost, "three records", 3);
  findings.Add(ChaosBreach::kMissed, "a byte");
  ChaosReport report;
  AddBreaches(findings, report);
  EXPECT_EQ(report.AsJson(),
            "{\"lost\": 3, \"duplicated\": 0, \"altered\": 0, \"disordered\": 0, \"missed\": 1, "
            "\"failed\": 0}\n");
  EXPECT_EQ(findings.Sentences(),
            (std::vector<std::string>{"lost: three records", "missed: a byte"}));
}

}  // namespace
}  // namespace strata::app
