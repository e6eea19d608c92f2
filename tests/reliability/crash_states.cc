// Cuts the power at every call that a scenario makes on a simulated disk, with any part of what was
// not synced lost, and judges what the next process finds: what was acknowledged is readable, once,
// with equal bytes; what was not is there at most once; every client's order holds; positions are
// never used again; the recovery's report is exact, and a second recovery changes nothing. At the
// end the same on disks that lie about syncs: that has to show.
//
//   crash_states --log-states 250000 --seed 1
//   crash_states --scenario recycle --seed 1                  all states of one scenario
//   crash_states --scenario recycle --seed 1 --state 123.7    the one that was printed
//   crash_states --names yes
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <string_view>

#include "states/campaign.h"
#include "states/log_scenarios.h"
#include "states/options.h"
#include "states/stack_scenarios.h"

namespace strata::reliability {
namespace {

using Unsigned = unsigned long long;

constexpr std::uint64_t kSubsetsOfLies = 4;

std::vector<Scenario> OfTheLog() {
  std::vector<Scenario> scenarios;
  for (const LogScenario& scenario : LogScenarios()) {
    scenarios.push_back({.name = scenario.name, .run = [&](Explorer& explorer, std::uint64_t seed) {
                           RunLogScenario(scenario, explorer, seed);
                         }});
  }
  return scenarios;
}

// The whole of strata; with parts as lists, which cost next to nothing, or as Parquet.
std::vector<Scenario> OfTheStack(PartFormat parts) {
  std::vector<Scenario> scenarios;
  for (const StackScenario& scenario : StackScenarios()) {
    const std::string suffix = parts == PartFormat::kParquet ? ".parquet" : "";
    scenarios.push_back(
        {.name = scenario.name + suffix, .run = [&, parts](Explorer& explorer, std::uint64_t seed) {
           RunStackScenario(scenario, parts, explorer, seed);
         }});
  }
  return scenarios;
}

struct Group {
  std::string name;
  std::vector<Scenario> scenarios;
};

std::vector<Group> Groups() {
  return {{"log", OfTheLog()},
          {"stack", OfTheStack(PartFormat::kList)},
          {"part", OfTheStack(PartFormat::kParquet)}};
}

CampaignOptions CampaignOf(const Options& options, const std::string& program) {
  return {.seed = options.seed(), .subsets = options.Number("subsets"), .program = program};
}

// The negative control: a disk that reports success and makes nothing durable has to show in each
// of these, or a scenario proves nothing.
struct Lie {
  const char* name;
  os::SimulatedDisk::Options disk;
};
constexpr std::array kLies = {
    Lie{"files", {.ignores_syncs = true}},
    Lie{"folders", {.ignores_directory_syncs = true}},
    Lie{"files and folders", {.ignores_syncs = true, .ignores_directory_syncs = true}},
};
constexpr std::array<std::string_view, 8> kShowLies = {
    "append", "roll", "recycle", "restart", "seal", "carry", "merge", "stack_restart",
};

// Adds to `counts`, and returns how many lies did not show.
std::uint64_t RunLies(const Options& options, Counts& counts) {
  std::uint64_t missed = 0;
  const auto judge = [&](const Lie& lie, const std::string& name, const auto& run) {
    if (std::ranges::find(kShowLies, name) == kShowLies.end()) return;
    Explorer explorer({.seed = options.seed(), .subsets = kSubsetsOfLies});
    run(explorer);
    ++counts["lies"];
    if (!explorer.violations().empty()) {
      ++counts["lies_noticed"];
      return;
    }
    ++missed;
    std::printf("VIOLATION %s on a disk that does not sync %s: nothing is missed\n", name.c_str(),
                lie.name);
  };
  for (const Lie& lie : kLies) {
    for (const LogScenario& scenario : LogScenarios()) {
      judge(lie, scenario.name, [&](Explorer& explorer) {
        RunLogScenario(scenario, explorer, options.seed(), lie.disk);
      });
    }
    for (const StackScenario& scenario : StackScenarios()) {
      judge(lie, scenario.name, [&](Explorer& explorer) {
        RunStackScenario(scenario, PartFormat::kList, explorer, options.seed(), lie.disk);
      });
    }
  }
  std::printf("lying disks: %llu of %llu are noticed\n", Unsigned{counts["lies_noticed"]},
              Unsigned{counts["lies"]});
  return missed;
}

int RunAll(const Options& options, const std::string& program) {
  Counts counts;
  for (const Group& group : Groups()) {
    CampaignOptions campaign = CampaignOf(options, program);
    campaign.states = options.Number(group.name + "-states");
    if (campaign.states == 0) continue;
    const auto begin = std::chrono::steady_clock::now();
    const CampaignResult result = RunCampaign(group.scenarios, campaign);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::printf("%s: %llu states in %.1f s, %.0f a second\n", group.name.c_str(),
                Unsigned{result.states}, took.count(),
                static_cast<double>(result.states) / took.count());
    counts[group.name + "_states"] = result.states;
    counts["calls"] += result.operations;
    counts["scenarios"] += group.scenarios.size();
    counts["violations"] += result.violations;
  }
  counts["violations"] += RunLies(options, counts);
  return Finish(options, counts, counts["violations"]);
}

int RunNamed(const Options& options, const std::string& program) {
  const std::string& name = options.Text("scenario");
  std::vector<Scenario> all;
  for (Group& group : Groups()) std::ranges::move(group.scenarios, std::back_inserter(all));
  const auto scenario = std::ranges::find(all, name, &Scenario::name);
  if (scenario == all.end()) {
    std::fprintf(stderr, "no scenario is called %s\n", name.c_str());
    return 2;
  }
  const CampaignResult result =
      RunOne(*scenario, CampaignOf(options, program), StateName::Parse(options.Text("state")));
  std::printf("%s: %llu states of %llu calls, %llu violations\n", name.c_str(),
              Unsigned{result.states}, Unsigned{result.operations}, Unsigned{result.violations});
  return result.violations == 0 ? 0 : 1;
}

int PrintNames() {
  for (const Group& group : Groups()) {
    for (const Scenario& scenario : group.scenarios) std::printf("%s\n", scenario.name.c_str());
  }
  return 0;
}

}  // namespace
}  // namespace strata::reliability

int main(int argc, char** argv) {
  using namespace strata::reliability;
  const Options options(argc, argv,
                        {{"log-states", "250000"},
                         {"stack-states", "20000"},
                         {"part-states", "5000"},
                         {"subsets", "24"},
                         {"scenario", ""},
                         {"state", ""},
                         {"names", ""}});
  if (!options.Text("names").empty()) return PrintNames();
  Begin(options);
  return options.Text("scenario").empty() ? RunAll(options, argv[0]) : RunNamed(options, argv[0]);
}
