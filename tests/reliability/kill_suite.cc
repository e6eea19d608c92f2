// The suite `kill`: that of `strata chaos` until it has visited every fault point.
//
//   kill_suite --binary build/release/strata --directory DIR --seed 1 --kills 300 --output
//   kill.json
#include <atomic>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "app/chaos_kill.h"
#include "app/chaos_place.h"
#include "app/chaos_report.h"
#include "os/real_file_system.h"

namespace {

using namespace strata;
using namespace strata::app;

constexpr std::uint64_t kFreeMin = 2_GiB;

struct Options {
  std::filesystem::path binary;
  std::filesystem::path directory;
  std::filesystem::path output;
  std::uint64_t seed = 1;
  std::uint64_t kills = 300;
};

std::vector<std::string> FaultPointsOf(const std::filesystem::path& binary) {
  std::vector<std::string> names;
  const std::string command = "'" + binary.native() + "' version --fault-points";
  std::FILE* const out = ::popen(command.c_str(), "r");
  if (out == nullptr) return names;
  std::string name;
  for (int c = std::fgetc(out); c != EOF; c = std::fgetc(out)) {
    if (c == '\n') {
      names.push_back(std::exchange(name, {}));
    } else {
      name += static_cast<char>(c);
    }
  }
  ::pclose(out);
  return names;
}

bool Succeeded(const Status& status) {
  if (!status) std::cerr << "error: " << status.error().message << '\n';
  return status.has_value();
}

int Run(const Options& options) {
  os::FileSystem& files = os::RealFileSystem();
  auto place = ChaosPlace::Make(options.directory, kFreeMin, files);
  if (!place) {
    std::cerr << "error: " << place.error().message << '\n';
    return 1;
  }
  std::cout << "seed " << options.seed << "; data in " << place->work.native()
            << ", the clients' ledgers in " << place->ledgers.native()
            << (place->ledgers_apart ? ", on another file system\n"
                                     : ", on the same file system\n");
  const std::atomic<bool> never{false};
  ChaosFindings findings;
  KillSuite suite({.binary = options.binary,
                   .directory = place->work,
                   .ledger_directory = place->ledgers,
                   .points = FaultPointsOf(options.binary),
                   .seed = options.seed,
                   .kills = options.kills,
                   .every_point = true},
                  never, findings, files);
  bool passed = Succeeded(suite.Run());
  ChaosReport report;
  AddKills(suite, report);
  AddTraffic({&suite.traffic()}, report);
  AddBreaches(findings, report);
  std::cout << report.AsTable();
  for (const std::string& point : suite.points().Unreached()) {
    std::cout << "the fault point " << point << " was not reached\n";
  }
  for (const std::string& sentence : findings.Sentences()) std::cout << sentence << '\n';
  passed = passed && !findings.any();
  if (!passed) std::cout << "the files are kept in " << place->work.native() << '\n';
  if (passed) passed = Succeeded(place->Remove(files));
  const std::string json = report.AsJson();
  passed = Succeeded(files.ReplaceAll(options.output, AsBytes(json))) && passed;
  return passed ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  Options options;
  CLI::App app("Kills servers and looks whether all is there.");
  app.add_option("--binary", options.binary, "The server.")->required();
  app.add_option("--directory", options.directory, "Where to work.")->required();
  app.add_option("--output", options.output, "File for the counts.")->required();
  app.add_option("--seed", options.seed);
  app.add_option("--kills", options.kills);
  CLI11_PARSE(app, argc, argv);
  return Run(options);
}
