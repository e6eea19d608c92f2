#include "app/chaos_run.h"

#include "base/fault_point.h"

namespace strata::app {
namespace {

// Of the time of a run.
constexpr int kKillsUntilPercent = 50;
constexpr int kFlipsUntilPercent = 75;
constexpr int kFullDiskUntilPercent = 95;  // the rest is for the end of what is under way

MonotonicTime At(MonotonicTime began, std::chrono::seconds length, int percent) {
  return began + std::chrono::duration_cast<MonotonicTime::duration>(length) * percent / 100;
}

std::vector<std::string> AllFaultPoints() {
  const std::vector<std::string_view> names = FaultPointNames();
  return {names.begin(), names.end()};
}

}  // namespace

ChaosRun::ChaosRun(const ChaosRunOptions& options, const std::atomic<bool>& stop,
                   os::FileSystem& files)
    : options_(options),
      stop_(stop),
      began_(SystemClock().Monotonic()),
      kills_({.binary = options.binary,
              .directory = options.place.work,
              .ledger_directory = options.place.ledgers,
              .points = AllFaultPoints(),
              .seed = options.seed,
              .deadline = At(began_, options.length, kKillsUntilPercent)},
             stop, findings_, files),
      flips_({.binary = options.binary,
              .directory = options.place.work,
              .ledger_directory = options.place.ledgers,
              .seed = options.seed,
              .deadline = At(began_, options.length, kFlipsUntilPercent)},
             stop, findings_, files),
      full_disk_({.binary = options.binary,
                  .directory = options.place.work,
                  .ledger_directory = options.place.ledgers,
                  .seed = options.seed,
                  .deadline = At(began_, options.length, kFullDiskUntilPercent)},
                 stop, findings_, files) {}

Status ChaosRun::Run() {
  const auto over = [&] { return stop_.load(std::memory_order_relaxed) || findings_.any(); };
  options_.tell("killing servers while clients send");
  RETURN_IF_ERROR(kills_.Run());
  if (over()) return Done{};
  options_.tell("changing bytes of what they left");
  RETURN_IF_ERROR(flips_.Run());
  if (over()) return Done{};
  options_.tell("filling up a disk of a few MiB");
  return full_disk_.Run();
}

ChaosReport ChaosRun::Report() const {
  ChaosReport report;
  report.Add("seed", options_.seed);
  report.Add("seconds", static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                                       SystemClock().Monotonic() - began_)
                                                       .count()));
  AddKills(kills_, report);
  AddTraffic({&kills_.traffic(), &flips_.traffic(), &full_disk_.traffic()}, report);
  report.Add("flips", flips_.counts().flips);
  report.Add("flips_detected", flips_.counts().detected);
  report.Add("starts_on_damage", flips_.counts().starts);
  report.Add("enospc_cycles", full_disk_.cycles());
  AddBreaches(findings_, report);
  return report;
}

}  // namespace strata::app
