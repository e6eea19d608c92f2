#include "app/bench_settle.h"

#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <utility>

#include "net/http_client.h"

namespace strata::app {
namespace {

constexpr std::string_view kUnsealedRows = "strata_hot_unsealed_rows";

// The sum of a metric over its labels; nullopt-like -1 when the page has no such line.
double SumOf(std::string_view page, std::string_view metric) {
  double sum = -1;
  while (!page.empty()) {
    const auto line_end = std::min(page.find('\n'), page.size());
    const std::string_view line = page.substr(0, line_end);
    page.remove_prefix(std::min(line_end + 1, page.size()));
    const bool named = line.starts_with(metric) && line.size() > metric.size() &&
                       (line[metric.size()] == ' ' || line[metric.size()] == '{');
    if (!named) continue;
    sum = std::max(sum, 0.0) + std::strtod(line.data() + line.rfind(' '), nullptr);
  }
  return sum;
}

}  // namespace

Result<ProcessUse> WaitUntilSealed(const std::string& api_url, pid_t pid) {
  ASSIGN_OR_RETURN(auto url, net::ParseHttpUrl(api_url));
  net::HttpClient client(std::move(url));
  constexpr std::chrono::seconds kStep{1};
  constexpr double kRestCpuSeconds = 0.03;  // of a step: what polling itself costs, and idling
  constexpr int kRestingSteps = 3;
  int resting = 0;
  double last_cpu = -1;
  for (int step = 0; step < 600; ++step) {
    ASSIGN_OR_RETURN(auto page, client.Send({.target = "/metrics"}));
    const double unsealed = SumOf(page.body, kUnsealedRows);
    if (unsealed < 0) return Error{Code::kCorrupt, "/metrics has no " + std::string(kUnsealedRows)};
    ASSIGN_OR_RETURN(const ProcessUse use, ReadProcessUse(pid));
    resting = unsealed == 0 && use.cpu_seconds - last_cpu < kRestCpuSeconds ? resting + 1 : 0;
    if (resting == kRestingSteps) return use;
    last_cpu = use.cpu_seconds;
    std::this_thread::sleep_for(kStep);
  }
  return Error{Code::kTimeout, "rows are still unsealed after ten minutes"};
}

}  // namespace strata::app
