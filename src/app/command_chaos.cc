#include <csignal>
#include <iostream>
#include <random>

#include "app/chaos_interrupt.h"
#include "app/chaos_run.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "os/real_file_system.h"

namespace strata::app {
namespace {

constexpr std::uint32_t kSignalExit = 128;  // plus the signal's number

// A folder that is none is a failure, not the answer "not found".
int Fail(const Error& error) {
  std::cerr << "error: " << error.message << '\n';
  return error.code == Code::kNotFound ? kExitFailure : ExitCodeOf(error.code);
}

// What `strata chaos` is made of: the file of this process.
Result<std::filesystem::path> OwnBinary() {
  std::error_code failed;
  auto path = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return Error{Code::kIo, "/proc/self/exe: " + failed.message()};
  return path;
}

}  // namespace

int RunChaos(const ChaosCommand& command) {
  const ChaosInterrupt interrupt;
  os::FileSystem& files = os::RealFileSystem();
  auto binary = OwnBinary();
  if (!binary) return Fail(binary.error());
  auto place = ChaosPlace::Make(command.directory, kChaosFreeMin, files);
  if (!place) return Fail(place.error());
  const std::uint64_t seed = command.seed.value_or(std::random_device()());
  std::cerr << "seed " << seed << "; working in " << place->work.native() << " for "
            << command.length.count() << " s, the clients' notes lie "
            << (place->ledgers_apart ? "on another file system" : "on the same file system")
            << '\n';
  ChaosRun run({.binary = *std::move(binary),
                .place = *place,
                .seed = seed,
                .length = command.length,
                .tell = [](std::string_view what) { std::cerr << what << '\n'; }},
               interrupt.stop(), files);
  const Status ran = run.Run();
  const bool sound = ran && !run.findings().any();
  if (interrupt.signal() != 0 || sound) {
    if (const Status removed = place->Remove(files); !removed) return Fail(removed.error());
  } else {
    std::cerr << "the files are kept in " << place->work.native() << '\n';
  }
  if (interrupt.signal() != 0) {
    std::cerr << "interrupted\n";
    return static_cast<int>(kSignalExit) + interrupt.signal();
  }
  if (!ran) return Fail(ran.error());
  const ChaosReport report = run.Report();
  std::cout << (command.output == TextOutput::kJson ? report.AsJson() : report.AsTable());
  for (const std::string& sentence : run.findings().Sentences()) std::cerr << sentence << '\n';
  std::cerr << (sound ? "nothing was lost, doubled or missed\n" : "a promise was broken\n");
  return sound ? kExitOk : kExitPartial;
}

}  // namespace strata::app
