// Campaign: scenarios, one after the other and again with another seed, until enough states were
// judged. On two threads; a scenario is the work of one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "states/explorer.h"

namespace strata::reliability {

struct Scenario {
  std::string name;
  std::function<void(Explorer&, std::uint64_t seed)> run;
};

struct CampaignOptions {
  std::uint64_t seed = 1;
  std::uint64_t states = 0;  // at least so many; every scenario is run once whatever they are
  std::uint64_t subsets = 24;
  std::string program;  // that shows a violation again
};

struct CampaignResult {
  std::uint64_t states = 0;
  std::uint64_t operations = 0;  // calls at which the power was cut
  std::uint64_t violations = 0;
};

// Prints each violation and, at the end, a line for every scenario.
CampaignResult RunCampaign(const std::vector<Scenario>& scenarios, const CampaignOptions& options);

// One scenario with the seed that was printed; all its states, or the one.
CampaignResult RunOne(const Scenario& scenario, const CampaignOptions& options,
                      std::optional<StateName> only);

}  // namespace strata::reliability
