#include "states/real_stack.h"

#include <cerrno>
#include <random>

#include "os/real_file_system.h"
#include "states/scratch_folder.h"

namespace strata::reliability {
namespace {

// Ends a process as a kill does: whatever it still does reaches no file.
template <class End>
void Kill(const End& end) {
  PlanCalls({.call = 1, .number = EIO, .for_ever = true});
  end();
  EndCallPlan();
}

// What is interrupted or short is resumed: nobody notices.
std::string CheckUnnoticed(StackLives& lives) {
  if (const Status& boot = lives.life().boot(); !boot) return "no start: " + boot.error().message;
  for (const std::string& ailment :
       {lives.life().log().ailment(), lives.life().store().ailment()}) {
    if (!ailment.empty()) return "did not go on by itself: " + ailment;
  }
  lives.life().Settle();
  for (std::size_t i = 0; i < lives.oracle().size(); ++i) {
    if (lives.oracle().At(i).receipt == 0) return "request " + std::to_string(i) + " was refused";
  }
  return "";
}

std::string CheckTheMet(StackLives& lives, const CallPlan& plan) {
  if (!lives.is_up()) return "";
  if (plan.fault != CallFault::kErrno) return CheckUnnoticed(lives);
  return lives.CheckWhatIsTold({.number = plan.number});
}

std::string JudgeFiles(const StackLives& lives, std::mt19937_64& random) {
  const auto end = [](std::unique_ptr<StackLife> life, Ending ending) -> os::FileSystem& {
    if (ending != Ending::kStop) Kill([&] { life.reset(); });
    return os::RealFileSystem();
  };
  return JudgeNextLives(os::RealFileSystem(), lives.config(), lives.oracle(), random, end);
}

}  // namespace

std::optional<std::string> RunRealStackFault(const StackScenario& scenario, PartFormat parts,
                                             const std::filesystem::path& place,
                                             const CallPlan& plan, std::uint64_t seed) {
  const ScratchFolder folder(place, "stack-" + std::to_string(seed));
  StackConfig config = scenario.config;
  config.folder = folder.path() / "data";
  config.parts = parts;
  StackLives lives(config, os::RealFileSystem(), seed);
  PlanCalls(plan);
  scenario.run(lives);
  if (EndCallPlan() < plan.call) return std::nullopt;
  if (std::string wrong = CheckTheMet(lives, plan); !wrong.empty()) return wrong;
  std::mt19937_64 random(seed);
  if (random() % 2 == 0) {
    if (std::string wrong = lives.ComeBack(); !wrong.empty()) return "later: " + wrong;
  }
  Kill([&] { lives.Drop(); });
  return JudgeFiles(lives, random);
}

}  // namespace strata::reliability
