#include "app/chaos_report.h"

#include <algorithm>
#include <cstdio>

namespace strata::app {
namespace {

// 1234567 -> 1,234,567
std::string Grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

}  // namespace

std::string ChaosReport::AsJson() const {
  std::string json = "{";
  for (const auto& [name, value] : counts_) {
    if (json.size() > 1) json += ", ";
    json.append("\"").append(name).append("\": ").append(std::to_string(value));
  }
  return json + "}\n";
}

std::string ChaosReport::AsTable() const {
  std::string table;
  for (const auto& [name, value] : counts_) {
    std::string words = name;
    std::ranges::replace(words, '_', ' ');
    char line[80];
    std::snprintf(line, sizeof line, "%-24s %14s\n", words.c_str(), Grouped(value).c_str());
    table += line;
  }
  return table;
}

void AddKills(const KillSuite& suite, ChaosReport& report) {
  const KillCounts counts = suite.counts();
  const ChaosTraffic& traffic = suite.traffic();
  report.Add("kills", counts.kills);
  report.Add("kills_at_fault_points", counts.kills_at_points);
  report.Add("fault_points", suite.points().points());
  report.Add("fault_points_reached", suite.points().reached());
  report.Add("stops", counts.stops);
  report.Add("checks", counts.checks);
  report.Add("acked_requests", traffic.acked_requests.load());
  report.Add("acked_records", traffic.acked_records.load());
  report.Add("cut_off", traffic.unanswered.load());
  report.Add("sent_again", traffic.repeated.load());
  report.Add("recognised", traffic.recognised.load());
}

void AddBreaches(const ChaosFindings& findings, ChaosReport& report) {
  for (std::size_t i = 0; i < kChaosBreaches; ++i) {
    const auto breach = static_cast<ChaosBreach>(i);
    report.Add(std::string(ChaosBreachName(breach)), findings.Count(breach));
  }
}

}  // namespace strata::app
