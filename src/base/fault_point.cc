#include "base/fault_point.h"

#include <charconv>
#include <csignal>
#include <cstdint>
#include <string>

#include <unistd.h>

namespace strata {
namespace {

std::vector<std::string_view>& Names() {
  static auto& names = *new std::vector<std::string_view>();
  return names;
}

// What is armed; written before the flag is set.
std::string_view target;
std::atomic<std::uint64_t> passes_left{0};

}  // namespace

namespace fault_point {

std::atomic<bool> armed{false};

bool Register(std::string_view name) {
  Names().push_back(name);
  return true;
}

void Pass(std::string_view name) {
  if (name != target || passes_left.fetch_sub(1, std::memory_order_relaxed) != 1) return;
  ::kill(::getpid(), SIGKILL);
  while (true) ::pause();  // this thread comes no further
}

}  // namespace fault_point

std::vector<std::string_view> FaultPointNames() {
  std::vector<std::string_view> names = Names();
  std::ranges::sort(names);
  return names;
}

Status ArmFaultPoint(std::string_view spec) {
  const std::size_t colon = spec.find(':');
  const std::string_view name = spec.substr(0, colon);
  std::uint64_t passes = 1;
  if (colon != std::string_view::npos) {
    const std::string_view count = spec.substr(colon + 1);
    const auto parsed = std::from_chars(count.data(), count.data() + count.size(), passes);
    if (parsed.ec != std::errc() || parsed.ptr != count.data() + count.size() || passes == 0) {
      return Error{Code::kInvalidInput,
                   "fault point '" + std::string(spec) + "': behind the colon stands a number"};
    }
  }
  const auto found = std::ranges::find(Names(), name);
  if (found == Names().end()) {
    return Error{Code::kInvalidInput, "no fault point is called '" + std::string(name) +
                                          "'; 'strata version --fault-points' lists them"};
  }
  target = *found;
  passes_left.store(passes, std::memory_order_relaxed);
  fault_point::armed.store(true, std::memory_order_relaxed);
  return Done{};
}

}  // namespace strata
