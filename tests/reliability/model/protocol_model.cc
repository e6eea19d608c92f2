// Explores every state of the protocol of model/state.h within the limits that are given, and then
// takes each guard away: without it an invariant has to break, or the model proves nothing.
//
//   protocol_model --requests 3 --sends 2 --crashes 1 --failures 1
//   protocol_model --traces yes       with the shortest way to each break
#include <cstdio>
#include <string>

#include "model/checker.h"
#include "states/options.h"

namespace strata::protocol {
namespace {

using Unsigned = unsigned long long;

// Enough for every guard to be missed, and not much more.
constexpr Limits kControlLimits{.requests = 2, .sends = 2, .crashes = 2, .failures = 1};

void PrintTrace(const Verdict& verdict) {
  for (const std::string& step : verdict.trace) std::printf("    %s\n", step.c_str());
}

// How many guards were needed.
std::uint64_t RunControls(bool traces, std::uint64_t states_max) {
  std::uint64_t needed = 0;
  for (std::uint8_t i = 0; i < kGuards; ++i) {
    const auto guard = static_cast<Guard>(i);
    const Verdict verdict =
        Explore({.limits = kControlLimits, .guards = Guards::Without(guard)}, states_max);
    const std::string name(NameOf(guard));
    if (verdict.broken.empty()) {
      std::printf("without \"%s\": NOTHING BREAKS in %llu states\n", name.c_str(),
                  Unsigned{verdict.states});
      continue;
    }
    ++needed;
    std::printf("without \"%s\": %s, after %zu steps\n", name.c_str(), verdict.broken.c_str(),
                verdict.trace.size());
    if (traces) PrintTrace(verdict);
  }
  return needed;
}

int Run(const reliability::Options& options) {
  const auto limit = [&](const char* name) {
    return static_cast<std::uint8_t>(options.Number(name));
  };
  const Limits limits{.requests = limit("requests"),
                      .sends = limit("sends"),
                      .crashes = limit("crashes"),
                      .failures = limit("failures")};
  if (limits.requests > kRequestsMax) {
    std::fprintf(stderr, "--requests is at most %d\n", kRequestsMax);
    return 2;
  }
  const std::uint64_t states_max = options.Number("states-max");
  const Verdict verdict = Explore({.limits = limits, .guards = {}}, states_max);
  std::printf("%llu states, %llu steps, depth %u%s: %s\n", Unsigned{verdict.states},
              Unsigned{verdict.steps}, verdict.depth, verdict.complete ? "" : ", not all",
              verdict.broken.empty() ? "every invariant holds" : verdict.broken.c_str());
  PrintTrace(verdict);
  const std::uint64_t needed = RunControls(options.Text("traces") == "yes", states_max);
  std::printf("%llu of %d guards are needed\n", Unsigned{needed}, kGuards);
  const std::uint64_t violations = (verdict.broken.empty() ? 0 : 1) + (kGuards - needed);
  return reliability::Finish(options,
                             {{"states", verdict.states},
                              {"steps", verdict.steps},
                              {"guards", kGuards},
                              {"guards_needed", needed},
                              {"violations", verdict.broken.empty() ? 0 : 1}},
                             violations);
}

}  // namespace
}  // namespace strata::protocol

int main(int argc, char** argv) {
  const strata::reliability::Options options(argc, argv,
                                             {{"requests", "3"},
                                              {"sends", "2"},
                                              {"crashes", "1"},
                                              {"failures", "1"},
                                              {"states-max", "100000000"},
                                              {"traces", "no"}});
  return strata::protocol::Run(options);
}
