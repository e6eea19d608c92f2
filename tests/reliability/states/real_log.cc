#include "states/real_log.h"

#include "os/real_file_system.h"
#include "states/log_world.h"
#include "states/scratch_folder.h"

namespace strata::reliability {
namespace {

wal::Config ConfigIn(const std::filesystem::path& folder) {
  return {.directory = folder / "wal",
          .segment_bytes = 32_KiB,
          .spare_segments = 1,
          .max_bytes = 1_MiB,
          .frame_bytes_max = 16_KiB,
          .group_bytes_max = 8_KiB,
          .queue_bytes_max = 1_MiB,
          .salt_seed = 7};
}

// Two lives: frames, rolls, a cursor, a release, a restart. True: everything was done.
bool Live(const wal::Config& config, LogOracle& oracle, std::uint64_t seed) {
  for (int number = 0; number < 2; ++number) {
    LogLife life(os::RealFileSystem(), config, oracle, seed);
    if (!life.OpenAndStart()) return false;
    for (int i = 0; i < 3; ++i) {
      for (int frame = 0; frame < 3; ++frame) life.Send(200 + seed * 97 % 4000);
      life.Settle();
      if (!life.Checkpoint("sealer", life.log().published())) return false;
    }
    if (!life.Release(life.log().published() - 2)) return false;
    life.Stop();
    if (!life.all_acked()) return false;
  }
  return true;
}

std::string CheckAgain(const wal::Config& config, LogOracle& oracle) {
  LogLife life(os::RealFileSystem(), config, oracle, 1);
  if (auto opened = life.Open(); !opened) return "does not open: " + opened.error().message;
  std::vector<FrameSeen> frames;
  if (std::string wrong = oracle.Check(life.log(), frames); !wrong.empty()) return wrong;
  if (auto started = life.Start(); !started) return "does not start: " + started.error().message;
  life.SendAndSettle(100);
  return life.all_acked() ? "" : "takes no frames: " + life.last_status().error().message;
}

}  // namespace

std::optional<std::string> RunRealLogFault(const std::filesystem::path& place, const CallPlan& plan,
                                           std::uint64_t seed) {
  const ScratchFolder folder(place, "log-" + std::to_string(seed));
  const wal::Config config = ConfigIn(folder.path());
  LogOracle oracle;
  PlanCalls(plan);
  const bool done = Live(config, oracle, seed);
  const std::uint64_t calls = EndCallPlan();
  if (calls < plan.call) return std::nullopt;
  // What is interrupted or short is resumed: nobody notices.
  if (plan.fault != CallFault::kErrno && !done) return "did not go on by itself";
  if (std::string wrong = CheckAgain(config, oracle); !wrong.empty()) return wrong;
  const std::string wrong = CheckAgain(config, oracle);
  return wrong.empty() ? wrong : "the second time: " + wrong;
}

}  // namespace strata::reliability
