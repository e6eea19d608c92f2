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
  report.Add("kills", counts.kills);
  report.Add("kills_at_fault_points", counts.kills_at_points);
  report.Add("fault_points", suite.points().points());
  report.Add("fault_points_reached", suite.points().reached());
  report.Add("stops", counts.stops);
  report.Add("checks", counts.checks);
}

void AddTraffic(std::initializer_list<const ChaosTraffic*> traffic, ChaosReport& report) {
  const auto add = [&](const char* name, std::atomic<std::uint64_t> ChaosTraffic::* count) {
    std::uint64_t sum = 0;
    for (const ChaosTraffic* of : traffic) sum += (of->*count).load();
    report.Add(name, sum);
  };
  add("acked_requests", &ChaosTraffic::acked_requests);
  add("acked_records", &ChaosTraffic::acked_records);
  add("cut_off", &ChaosTraffic::unanswered);
  add("sent_again", &ChaosTraffic::repeated);
  add("recognised", &ChaosTraffic::recognised);
}

void AddBreaches(const ChaosFindings& findings, ChaosReport& report) {
  for (std::size_t i = 0; i < kChaosBreaches; ++i) {
    const auto breach = static_cast<ChaosBreach>(i);
    report.Add(std::string(ChaosBreachName(breach)), findings.Count(breach));
  }
}

}  // namespace strata::app
