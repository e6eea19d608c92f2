// The score board of `strata chaos`.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "app/chaos_findings.h"
#include "app/chaos_kill.h"

namespace strata::app {

// Counts in the order in which they are read.
class ChaosReport {
 public:
  void Add(std::string name, std::uint64_t value) { counts_.emplace_back(std::move(name), value); }

  std::string AsJson() const;   // one flat object: {"kills": 300, …}
  std::string AsTable() const;  // a line a count

 private:
  std::vector<std::pair<std::string, std::uint64_t>> counts_;
};

void AddKills(const KillSuite& suite, ChaosReport& report);
// What the clients of all suites did together.
void AddTraffic(std::initializer_list<const ChaosTraffic*> traffic, ChaosReport& report);
// How often each promise was broken.
void AddBreaches(const ChaosFindings& findings, ChaosReport& report);

}  // namespace strata::app
