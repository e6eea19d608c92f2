#include "states/campaign.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>

#include "states/violations.h"

namespace strata::reliability {
namespace {

constexpr std::size_t kShown = 5;  // violations of one run of a scenario; the first says most

using Unsigned = unsigned long long;

void Show(const Scenario& scenario, std::uint64_t seed, const Explorer& explorer,
          const std::string& program) {
  const auto& violations = explorer.violations();
  for (std::size_t i = 0; i < std::min(violations.size(), kShown); ++i) {
    std::printf(
        "VIOLATION %s, call %llu, subset %llu: %s\n  %s --scenario %s --seed %llu --state %s\n",
        scenario.name.c_str(), Unsigned{violations[i].state.operation},
        Unsigned{violations[i].state.subset}, violations[i].broken.c_str(), program.c_str(),
        scenario.name.c_str(), Unsigned{seed}, violations[i].state.Text().c_str());
  }
  if (violations.size() > kShown) {
    std::printf("  and %zu more states of this run\n", violations.size() - kShown);
  }
}

class Campaign {
 public:
  Campaign(const std::vector<Scenario>& scenarios, const CampaignOptions& options)
      : scenarios_(scenarios), options_(options), results_(scenarios.size()) {}

  CampaignResult Run() {
    OnThreads([this](int) {
      while (RunNext()) {
      }
    });
    CampaignResult all;
    for (std::size_t i = 0; i < scenarios_.size(); ++i) {
      const CampaignResult& of = results_[i];
      std::printf("%-28s %9llu states of %7llu calls%s\n", scenarios_[i].name.c_str(),
                  Unsigned{of.states}, Unsigned{of.operations},
                  of.violations != 0 ? ", VIOLATED" : "");
      all.states += of.states;
      all.operations += of.operations;
      all.violations += of.violations;
    }
    return all;
  }

 private:
  // Every round has a seed of its own; all scenarios of a round have the same.
  bool RunNext() {
    const std::size_t job = next_++;
    const bool first_round = job < scenarios_.size();
    if (!first_round && states_ >= options_.states) return false;
    const std::size_t index = job % scenarios_.size();
    const std::uint64_t seed = options_.seed + job / scenarios_.size();
    const Scenario& scenario = scenarios_[index];
    Explorer explorer({.seed = seed, .subsets = options_.subsets});
    scenario.run(explorer, seed);
    states_ += explorer.states();
    const std::scoped_lock lock(mutex_);
    results_[index].states += explorer.states();
    results_[index].operations += explorer.operations();
    results_[index].violations += explorer.violations().size();
    Show(scenario, seed, explorer, options_.program);
    return true;
  }

  const std::vector<Scenario>& scenarios_;
  const CampaignOptions& options_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::uint64_t> states_{0};
  std::mutex mutex_;
  std::vector<CampaignResult> results_;  // guarded by mutex_
};

}  // namespace

CampaignResult RunCampaign(const std::vector<Scenario>& scenarios, const CampaignOptions& options) {
  return Campaign(scenarios, options).Run();
}

CampaignResult RunOne(const Scenario& scenario, const CampaignOptions& options,
                      std::optional<StateName> only) {
  Explorer explorer({.seed = options.seed, .subsets = options.subsets, .only = only});
  scenario.run(explorer, options.seed);
  Show(scenario, options.seed, explorer, options.program);
  return {.states = explorer.states(),
          .operations = explorer.operations(),
          .violations = explorer.violations().size()};
}

}  // namespace strata::reliability
