// Bytes change behind strata's back: every byte of each kind of file is flipped, zeroed, and the
// end of the file; blocks of 4 KiB are swapped, go astray, are zero or old; the file is an old one.
// Each time the code that reads the file has to notice (and to say in which file), or all answers
// are equal; what is not damaged is served, and no start fails.
//
//   corruption --bytes 65536 --seed 1
//   corruption --file manifest --seed 1                          one kind of file
//   corruption --file manifest --seed 1 --damage "flip 17 3"     the one that was printed
//   corruption --scenario carry --seed 7                         the same of all of strata
#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <vector>

#include <unistd.h>

#include "states/artefact.h"
#include "states/damage.h"
#include "states/options.h"
#include "states/stack_scenarios.h"
#include "states/violations.h"

namespace strata::reliability {
namespace {

using Unsigned = unsigned long long;

constexpr std::uint64_t kShown = 10;  // violations of one kind of file

struct FileKind {
  const char* name;
  std::unique_ptr<Artefact> (*make)(std::uint64_t seed);
};

constexpr std::array kFiles = {
    FileKind{"closed_segment", MakeClosedSegment},
    FileKind{"open_segment", MakeOpenSegment},
    FileKind{"cursors", MakeCursorFile},
    FileKind{"manifest", MakeManifestFile},
    FileKind{"carry", MakeCarryFile},
    FileKind{"requests", MakeDedupFile},
    FileKind{"part", MakePart},
    FileKind{"filter", MakePartFilter},
};

// A crash names the damage that it came of.
thread_local char looking_at[128];

void TellAndDie(int signal) {
  static_cast<void>(::write(STDOUT_FILENO, looking_at, std::strlen(looking_at)));
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void TellOfCrashes() {
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) {
    std::signal(signal, TellAndDie);
  }
}

class Campaign {
 public:
  Campaign(const FileKind& file, const DamageScope& scope) : file_(file), scope_(scope) {}

  void Run() {
    OnThreads([this](int share) { RunShare(share); });
  }

  // Adds what was counted, and tells it. Returns the violations.
  std::uint64_t Report(Counts& counts) const {
    std::uint64_t all = 0;
    for (const auto& [kind, count] : by_kind_) {
      counts[kind == Damage::Kind::kFlip ? "flips" : NameOf(kind)] += count;
      all += count;
    }
    counts["damages"] += all;
    counts["noticed"] += noticed_;
    counts["violations"] += violations_.count();
    std::printf("%-15s %7llu bytes, %8llu damages, %8llu noticed, %8llu harmless%s\n", file_.name,
                Unsigned{size_}, Unsigned{all}, Unsigned{noticed_},
                Unsigned{all - noticed_ - violations_.count()},
                violations_.count() != 0 ? ", VIOLATED" : "");
    return violations_.count();
  }

 private:
  void RunShare(int share) {
    const std::unique_ptr<Artefact> artefact = file_.make(scope_.seed);
    std::map<Damage::Kind, std::uint64_t> by_kind;
    std::uint64_t noticed = 0;
    int turn = 0;
    ForEachDamage(artefact->good().size(), scope_, [&](const Damage& damage) {
      turn = (turn + 1) % kThreads;
      if (turn != share) return;
      const Bytes bytes = damage.Of(artefact->good(), artefact->older());
      if (bytes == artefact->good()) return;
      std::snprintf(looking_at, sizeof looking_at, "crashed on %s: %s\n", file_.name,
                    damage.Text().c_str());
      const Finding finding = artefact->Look(bytes);
      ++by_kind[damage.kind];
      if (finding.noticed) ++noticed;
      if (finding.broken.empty()) return;
      violations_.Tell(file_.name + (", " + damage.Text()), finding.broken,
                       std::string("--file ") + file_.name + " --seed " +
                           std::to_string(scope_.seed) + " --damage \"" + damage.Text() + "\"");
    });
    const std::scoped_lock lock(mutex_);
    for (const auto& [kind, count] : by_kind) by_kind_[kind] += count;
    noticed_ += noticed;
    size_ = artefact->good().size();
  }

  const FileKind& file_;
  const DamageScope scope_;
  std::mutex mutex_;
  std::map<Damage::Kind, std::uint64_t> by_kind_;
  std::uint64_t noticed_ = 0;
  Violations violations_{kShown};
  std::uint64_t size_ = 0;
};

// All of strata in one scenario: so many damages, one at a time.
class Together {
 public:
  static constexpr std::uint64_t kOfOneLife = 25;

  void RunUntil(std::uint64_t damages, std::uint64_t seed) {
    const auto scenarios = StackScenarios();
    std::atomic<std::uint64_t> next{0};
    OnThreads([&](int) {
      while (damages_ < damages) {
        const std::uint64_t job = next++;
        const StackScenario& scenario = scenarios[job % scenarios.size()];
        if (!scenario.has_faults() && !scenario.forgets) Run(scenario, seed + job);
      }
    });
  }
  void Run(const StackScenario& scenario, std::uint64_t seed) {
    for (const DamagedFile& file : RunStackDamages(scenario, kOfOneLife, seed)) {
      ++damages_;
      if (file.broken.empty()) continue;
      violations_.Tell(
          std::string(scenario.name) + ", " + file.damage.Text() + " of " + file.path, file.broken,
          std::string("--scenario ") + scenario.name + " --seed " + std::to_string(seed));
    }
  }
  std::uint64_t Report(Counts& counts) const {
    counts["damages_together"] = damages_;
    counts["violations"] += violations_.count();
    std::printf("all of strata   %8llu damages%s\n", Unsigned{damages_},
                violations_.count() != 0 ? ", VIOLATED" : "");
    return violations_.count();
  }

 private:
  std::atomic<std::uint64_t> damages_{0};
  Violations violations_{kShown};
};

int RunScenario(const Options& options) {
  for (const StackScenario& scenario : StackScenarios()) {
    if (options.Text("scenario") != scenario.name) continue;
    Together together;
    together.Run(scenario, options.seed());
    Counts counts;
    return together.Report(counts) == 0 ? 0 : 1;
  }
  std::fprintf(stderr, "no scenario is called %s\n", options.Text("scenario").c_str());
  return 2;
}

int RunOne(const FileKind& file, const Options& options) {
  const auto damage = Damage::Parse(options.Text("damage"));
  if (!damage) {
    std::fprintf(stderr, "--damage %s: no damage\n", options.Text("damage").c_str());
    return 2;
  }
  const auto artefact = file.make(options.seed());
  const Finding finding = artefact->Look(damage->Of(artefact->good(), artefact->older()));
  std::printf("%s, %s: %s\n", file.name, damage->Text().c_str(),
              !finding.broken.empty() ? finding.broken.c_str()
              : finding.noticed       ? "noticed"
                                      : "harmless");
  return finding.broken.empty() ? 0 : 1;
}

int Run(const Options& options) {
  if (!options.Text("scenario").empty()) return RunScenario(options);
  Counts counts;
  std::uint64_t violations = 0;
  bool known = false;
  for (const FileKind& file : kFiles) {
    const std::string& only = options.Text("file");
    if (!only.empty() && only != file.name) continue;
    known = true;
    if (!options.Text("damage").empty()) return RunOne(file, options);
    Campaign campaign(
        file,
        {.bytes = options.Number("bytes"), .bits = options.Number("bits"), .seed = options.seed()});
    campaign.Run();
    violations += campaign.Report(counts);
    ++counts["files"];
  }
  if (!known) {
    std::fprintf(stderr, "no file is called %s\n", options.Text("file").c_str());
    return 2;
  }
  if (options.Text("file").empty()) {
    Together together;
    together.RunUntil(options.Number("together"), options.seed());
    violations += together.Report(counts);
  }
  return Finish(options, counts, violations);
}

}  // namespace
}  // namespace strata::reliability

int main(int argc, char** argv) {
  using namespace strata::reliability;
  const Options options(argc, argv,
                        {{"bytes", "65536"},
                         {"bits", "1"},
                         {"together", "2000"},
                         {"scenario", ""},
                         {"file", ""},
                         {"damage", ""}});
  Begin(options);
  TellOfCrashes();
  return Run(options);
}
