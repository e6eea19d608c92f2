// The n-th file operation fails, n = 1 until none does: no crash, no false acknowledgement (neither
// at once nor after a later loss of power), no sync that is tried again on the same file, and all
// is well when the fault is lifted.
//
// On the simulated disk every call of the scenarios of crash_states fails, with every errno in
// turn, once and for ever. On the machine's own files every call into the C library does, and is
// interrupted or ends early.
//
//   fault_points --log-points 20000 --seed 1
//   fault_points --point "recycle EIO once at call 17" --seed 1    the one that was printed
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

#include "states/log_scenarios.h"
#include "states/options.h"
#include "states/real_log.h"
#include "states/real_stack.h"
#include "states/stack_scenarios.h"
#include "states/violations.h"

namespace strata::reliability {
namespace {

using Repeat = os::SimulatedDisk::Repeat;
using Unsigned = unsigned long long;

constexpr std::string_view kWithParquet = "seal";
constexpr std::array kErrors = {EIO, ENOSPC, EMFILE, ENOMEM};

// What fails, and what becomes of it: nullopt when the scenario makes fewer calls.
struct Point {
  std::string text;
  std::function<std::optional<std::string>()> run;
};
// The points of a scenario's n-th call; each of them has a fault of its own.
using PointsAt = std::function<std::vector<Point>(std::uint64_t call)>;

struct Course {
  std::string group;
  std::string name;
  PointsAt at;
};

std::vector<Fault> FaultsAt(std::uint64_t call) {
  std::vector<Fault> faults;
  for (const int number : kErrors) {
    for (const Repeat repeat : {Repeat::kOnce, Repeat::kForEver}) {
      faults.push_back({.call = call, .number = number, .repeat = repeat});
    }
  }
  return faults;
}

template <class Run>
Course SimulatedCourse(const std::string& group, const std::string& name, Run run) {
  return {.group = group, .name = name, .at = [name, run](std::uint64_t call) {
            std::vector<Point> points;
            for (const Fault& fault : FaultsAt(call)) {
              points.push_back({name + " " + fault.Text(), [run, fault] { return run(fault); }});
            }
            return points;
          }};
}

std::vector<CallPlan> PlansAt(std::uint64_t call) {
  std::vector<CallPlan> plans = {{.call = call, .fault = CallFault::kInterrupted},
                                 {.call = call, .fault = CallFault::kShort},
                                 {.call = call, .fault = CallFault::kShort, .for_ever = true}};
  for (const int number : kErrors) {
    plans.push_back({.call = call, .number = number});
    plans.push_back({.call = call, .number = number, .for_ever = true});
  }
  return plans;
}

std::string TextOf(const std::string& name, const CallPlan& plan) {
  const std::string what = plan.fault == CallFault::kInterrupted ? "EINTR"
                           : plan.fault == CallFault::kShort     ? "short"
                                                                 : strerrorname_np(plan.number);
  return name + " " + what + (plan.for_ever ? " for ever" : " once") + " at call " +
         std::to_string(plan.call);
}

// `run`: takes a plan and a seed that no other point of the course has.
template <class Run>
Course RealCourse(const std::string& group, const std::string& name, std::uint64_t seed, Run run) {
  return {.group = group, .name = name, .at = [=](std::uint64_t call) {
            std::vector<Point> points;
            std::uint64_t number = call * 100;
            for (const CallPlan& plan : PlansAt(call)) {
              ++number;
              points.push_back(
                  {TextOf(name, plan), [=] { return run(plan, seed * 1'000'000 + number); }});
            }
            return points;
          }};
}

Course RealStackCourse(const StackScenario& scenario, PartFormat parts,
                       const std::filesystem::path& place, std::uint64_t seed) {
  const std::string suffix = parts == PartFormat::kParquet ? ".parquet" : "";
  const std::string name = std::string("files.") + scenario.name + suffix;
  return RealCourse("real_stack", name, seed,
                    [&scenario, parts, folder = place / name](const CallPlan& plan, auto own_seed) {
                      return RunRealStackFault(scenario, parts, folder, plan, own_seed);
                    });
}

// With parts as lists, which cost next to nothing; one of the scenarios with real ones, too.
void AddRealCourses(const std::filesystem::path& place, std::uint64_t seed,
                    std::vector<Course>& courses) {
  courses.push_back(RealCourse("real", "files", seed, [place](const CallPlan& plan, auto own_seed) {
    return RunRealLogFault(place, plan, own_seed);
  }));
  for (const StackScenario& scenario : StackScenarios()) {
    if (scenario.has_faults()) continue;
    courses.push_back(RealStackCourse(scenario, PartFormat::kList, place, seed));
    if (scenario.name == kWithParquet) {
      courses.push_back(RealStackCourse(scenario, PartFormat::kParquet, place, seed));
    }
  }
}

std::vector<Course> Courses(const std::filesystem::path& place, std::uint64_t seed) {
  std::vector<Course> courses;
  for (const LogScenario& scenario : LogScenarios()) {
    if (scenario.has_faults) continue;
    courses.push_back(SimulatedCourse("log", scenario.name, [&scenario, seed](const Fault& fault) {
      return RunLogFault(scenario, fault, seed);
    }));
  }
  for (const StackScenario& scenario : StackScenarios()) {
    if (scenario.has_faults()) continue;
    courses.push_back(SimulatedCourse("stack", scenario.name, [&scenario, seed](const Fault& f) {
      return RunStackFault(scenario, PartFormat::kList, f, seed);
    }));
  }
  AddRealCourses(place, seed, courses);
  return courses;
}

// Every call of every course of a group, with as many faults each as are needed for so many points;
// then again with another seed.
class Campaign {
 public:
  Campaign(std::uint64_t seed, std::filesystem::path place)
      : seed_(seed), place_(std::move(place)) {}

  void Run(const std::string& group, std::uint64_t points, std::uint64_t faults_per_call) {
    const std::uint64_t before = points_;
    for (std::uint64_t seed = seed_; points_ - before < points; ++seed) {
      std::vector<Course> courses = Courses(place_, seed);
      std::erase_if(courses, [&](const Course& course) { return course.group != group; });
      RunRound(courses, seed, faults_per_call);
    }
    counts_[group + "_points"] = points_ - before;
    std::printf("%s: %llu points\n", group.c_str(), Unsigned{points_ - before});
  }

  Counts TakeCounts() {
    counts_["points"] = points_;
    counts_["calls"] = calls_;
    counts_["violations"] = violations_.count();
    return std::move(counts_);
  }

 private:
  void RunRound(const std::vector<Course>& courses, std::uint64_t seed, std::uint64_t faults) {
    std::atomic<std::size_t> next{0};
    OnThreads([&](int) {
      for (std::size_t at = next++; at < courses.size(); at = next++) {
        RunCourse(courses[at], seed, faults);
      }
    });
  }

  void RunCourse(const Course& course, std::uint64_t seed, std::uint64_t faults) {
    for (std::uint64_t call = 1;; ++call) {
      const std::vector<Point> points = course.at(call);
      for (std::uint64_t i = 0; i < std::min<std::uint64_t>(faults, points.size()); ++i) {
        const Point& point = points[(call * 3 + seed + i) % points.size()];
        const auto broken = point.run();
        if (!broken) return;
        ++points_;
        if (broken->empty()) continue;
        violations_.Tell(point.text, *broken,
                         "--point \"" + point.text + "\" --seed " + std::to_string(seed));
      }
      ++calls_;
    }
  }

  const std::uint64_t seed_;
  const std::filesystem::path place_;
  std::atomic<std::uint64_t> points_{0};
  std::atomic<std::uint64_t> calls_{0};
  Violations violations_{40};
  Counts counts_;
};

int RunPoint(const std::string& text, const std::filesystem::path& place, std::uint64_t seed) {
  const std::size_t space = text.rfind(' ');
  const std::uint64_t call = std::strtoull(text.c_str() + space, nullptr, 10);
  for (const Course& course : Courses(place, seed)) {
    if (!text.starts_with(course.name + " ")) continue;
    for (const Point& point : course.at(call)) {
      if (point.text != text) continue;
      const auto broken = point.run();
      std::printf("%s: %s\n", text.c_str(),
                  !broken           ? "fewer calls than that"
                  : broken->empty() ? "all is well"
                                    : broken->c_str());
      return broken && !broken->empty() ? 1 : 0;
    }
  }
  std::fprintf(stderr, "no such point: %s\n", text.c_str());
  return 2;
}

// On memory where there is a file system of it, else where temporary files are.
std::filesystem::path MakePlace() {
  const bool memory = std::filesystem::is_directory("/dev/shm");
  const std::filesystem::path base = memory ? "/dev/shm" : std::filesystem::temp_directory_path();
  std::string pattern = (base / "strata-faults-XXXXXX").native();
  CHECK(mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

int Run(const Options& options, const std::filesystem::path& place) {
  if (!options.Text("point").empty()) {
    return RunPoint(options.Text("point"), place, options.seed());
  }
  Campaign campaign(options.seed(), place);
  campaign.Run("log", options.Number("log-points"), options.Number("faults-per-call"));
  campaign.Run("stack", options.Number("stack-points"), 1);
  campaign.Run("real", options.Number("real-points"), PlansAt(1).size());
  campaign.Run("real_stack", options.Number("real-stack-points"), 2);
  Counts counts = campaign.TakeCounts();
  const std::uint64_t violations = counts["violations"];
  return Finish(options, counts, violations);
}

}  // namespace
}  // namespace strata::reliability

int main(int argc, char** argv) {
  using namespace strata::reliability;
  const Options options(argc, argv,
                        {{"log-points", "20000"},
                         {"stack-points", "6000"},
                         {"real-points", "4000"},
                         {"real-stack-points", "4000"},
                         {"faults-per-call", "3"},
                         {"point", ""}});
  Begin(options);
  const std::filesystem::path place = MakePlace();
  const int code = Run(options, place);
  std::filesystem::remove_all(place);
  return code;
}
