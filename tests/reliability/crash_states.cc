// Cuts the power at every call that a scenario makes on a simulated disk, with any part of what was
// not synced lost, and judges what the next process finds: what was acknowledged is readable, once,
// with equal bytes; what was not is there at most once; every client's order holds; positions are
// never used again; the recovery's report is exact, and a second recovery changes nothing.
//
//   crash_states --log-states 250000 --seed 1
//   crash_states --scenario recycle --seed 1            all states of one scenario
//   crash_states --scenario recycle --seed 1 --state 123.7    the one that was printed
#include <chrono>
#include <cstdio>

#include "states/campaign.h"
#include "states/log_scenarios.h"
#include "states/options.h"

namespace strata::reliability {
namespace {

std::vector<Scenario> OfTheLog() {
  std::vector<Scenario> scenarios;
  for (const LogScenario& scenario : LogScenarios()) {
    scenarios.push_back({.name = scenario.name, .run = [&](Explorer& explorer, std::uint64_t seed) {
                           RunLogScenario(scenario, explorer, seed);
                         }});
  }
  return scenarios;
}

int RunAll(const Options& options, const std::string& program) {
  const auto begin = std::chrono::steady_clock::now();
  const CampaignResult log = RunCampaign(OfTheLog(), {.seed = options.seed(),
                                                      .states = options.Number("log-states"),
                                                      .subsets = options.Number("subsets"),
                                                      .program = program});
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("log: %llu states in %.1f s, %.0f a second\n",
              static_cast<unsigned long long>(log.states), seconds,
              static_cast<double>(log.states) / seconds);
  return Finish(options, {{"log_states", log.states}, {"violations", log.violations}},
                log.violations);
}

int RunNamed(const Options& options, const std::string& program) {
  const std::string& name = options.Text("scenario");
  const auto only = StateName::Parse(options.Text("state"));
  for (const Scenario& scenario : OfTheLog()) {
    if (scenario.name != name) continue;
    const CampaignResult result = RunOne(
        scenario,
        {.seed = options.seed(), .subsets = options.Number("subsets"), .program = program}, only);
    std::printf("%s: %llu states of %llu calls, %llu violations\n", name.c_str(),
                static_cast<unsigned long long>(result.states),
                static_cast<unsigned long long>(result.operations),
                static_cast<unsigned long long>(result.violations));
    return result.violations == 0 ? 0 : 1;
  }
  std::fprintf(stderr, "no scenario is called %s\n", name.c_str());
  return 2;
}

}  // namespace
}  // namespace strata::reliability

int main(int argc, char** argv) {
  using namespace strata::reliability;
  const Options options(
      argc, argv, {{"log-states", "250000"}, {"subsets", "24"}, {"scenario", ""}, {"state", ""}});
  std::printf("seed %s\n", options.Text("seed").c_str());
  return options.Text("scenario").empty() ? RunAll(options, argv[0]) : RunNamed(options, argv[0]);
}
