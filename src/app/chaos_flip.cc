#include "app/chaos_flip.h"

#include <csignal>
#include <iterator>
#include <map>
#include <utility>

#include "app/chaos_process.h"
#include "app/exit_code.h"
#include "base/units.h"

namespace strata::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLoad{250};
constexpr std::uint64_t kLivesOfAHouse = 2;
constexpr std::uint64_t kFlipsOfALife = 40;
// Every so many flips a server is started on the damage, too.
constexpr std::uint64_t kAskEvery = 10;
constexpr std::chrono::seconds kVerifyMax{60};
constexpr std::chrono::seconds kStartMax{60};
constexpr std::chrono::seconds kStopMax{15};
constexpr std::uint64_t kCopiedFileBytesMax = 1_GiB;

Status CopyTree(const std::filesystem::path& from, const std::filesystem::path& to,
                os::FileSystem& files) {
  RETURN_IF_ERROR(files.CreateDirectory(to));
  ASSIGN_OR_RETURN(const auto entries, files.List(from));
  for (const os::DirectoryEntry& entry : entries) {
    if (entry.type == os::EntryType::kDirectory) {
      RETURN_IF_ERROR(CopyTree(from / entry.name, to / entry.name, files));
      continue;
    }
    ASSIGN_OR_RETURN(const Bytes bytes, files.ReadAll(from / entry.name, kCopiedFileBytesMax));
    ASSIGN_OR_RETURN(const auto file, files.Open(to / entry.name, {.access = os::Access::kReadWrite,
                                                                   .create = true}));
    RETURN_IF_ERROR(file->WriteAt(0, bytes));
  }
  return Done{};
}

// The same change twice leaves the byte as it was.
Status ChangeByte(const std::filesystem::path& path, std::uint64_t offset, std::byte change,
                  os::FileSystem& files) {
  ASSIGN_OR_RETURN(const auto file, files.Open(path, {.access = os::Access::kReadWrite}));
  std::byte value{};
  ASSIGN_OR_RETURN(const std::size_t read, file->ReadAt(offset, {&value, 1}));
  if (read != 1) return Error{Code::kIo, path.native() + " is shorter than it was"};
  const std::byte changed = value ^ change;
  return file->WriteAt(offset, {&changed, 1});
}

}  // namespace

FlipSuite::FlipSuite(const FlipOptions& options, const std::atomic<bool>& stop,
                     ChaosFindings& findings, os::FileSystem& files)
    : options_(options),
      trial_(options.directory / "trial"),
      stop_(stop),
      findings_(findings),
      files_(files),
      random_(options.seed) {}

Status FlipSuite::Run() {
  do {
    RETURN_IF_ERROR(RunHouse());
  } while (!Ended());
  return Done{};
}

bool FlipSuite::Ended() const {
  return stop_.load(std::memory_order_relaxed) || findings_.any() ||
         SystemClock().Monotonic() >= options_.deadline;
}

Status FlipSuite::RunHouse() {
  const std::string name = "flip-" + std::to_string(houses_++);
  // Every other one has few rows, which go to carry files.
  const auto temper = houses_ % 2 == 0 ? ChaosTemper::kCarrying : ChaosTemper::kSealing;
  ASSIGN_OR_RETURN(const auto house,
                   ChaosHouse::Open({.binary = options_.binary,
                                     .directory = options_.directory / name,
                                     .ledger_directory = options_.ledger_directory / name,
                                     .seed = options_.seed * 1000 + houses_,
                                     .temper = temper},
                                    traffic_, findings_, files_));
  for (std::uint64_t life = 0; life < kLivesOfAHouse && (life == 0 || !Ended()); ++life) {
    const bool kill = random_() % 2 == 0;
    ASSIGN_OR_RETURN(const bool filled, Fill(*house, kill));
    if (filled) RETURN_IF_ERROR(FlipAll(*house, kill));
  }
  return house->Close();
}

Result<bool> FlipSuite::Fill(ChaosHouse& house, bool kill) {
  ASSIGN_OR_RETURN(const auto server, house.Start());
  if (server == nullptr) return false;
  ChaosLoad load;
  house.Send(*server, load);
  server->process().AwaitEnd(SystemClock().Monotonic() + kLoad);
  if (kill) server->process().Kill();
  load.Stop();
  if (kill) return true;
  server->process().Signal(SIGTERM);
  server->process().AwaitEnd(SystemClock().Monotonic() + kStopMax);
  const auto& end = server->process().end();
  if (end && end->exit_code == kExitOk) return true;
  findings_.Add(ChaosBreach::kFailed, "a server did not stop on SIGTERM");
  return false;
}

Status FlipSuite::FlipAll(ChaosHouse& house, bool killed) {
  const std::filesystem::path data = house.server_options().directory / "data";
  ASSIGN_OR_RETURN(const std::vector<LiveBytes> live, FindLiveBytes(data, killed, files_));
  RETURN_IF_ERROR(MakeTrial(house));
  ASSIGN_OR_RETURN(const bool sound, IsSound());
  if (!sound) {
    findings_.Add(ChaosBreach::kMissed,
                  "strata verify reports damage where nothing was changed: " + data.native());
  }
  for (std::uint64_t i = 0; i < kFlipsOfALife && (i < kAskEvery || !Ended()); ++i) {
    if (findings_.any() || live.empty()) break;
    RETURN_IF_ERROR(Flip(house, Choose(live), i % kAskEvery == kAskEvery - 1));
  }
  return RemoveTree(trial_, files_);
}

// First the kind of file, then the piece, so that small files have their turn.
const LiveBytes& FlipSuite::Choose(const std::vector<LiveBytes>& live) {
  std::map<std::string_view, std::vector<const LiveBytes*>> by_kind;
  for (const LiveBytes& bytes : live) by_kind[bytes.kind].push_back(&bytes);
  const auto kind = std::next(by_kind.begin(), static_cast<std::ptrdiff_t>(Below(by_kind.size())));
  return *kind->second[Below(kind->second.size())];
}

Status FlipSuite::MakeTrial(ChaosHouse& house) {
  RETURN_IF_ERROR(RemoveTree(trial_, files_));
  RETURN_IF_ERROR(files_.CreateDirectories(trial_));
  RETURN_IF_ERROR(files_.ReplaceAll(trial_ / "strata.yaml", {}));
  return CopyTree(house.server_options().directory / "data", trial_ / "data", files_);
}

Status FlipSuite::Flip(ChaosHouse& house, const LiveBytes& bytes, bool ask) {
  const std::filesystem::path path = trial_ / "data" / bytes.file;
  const std::uint64_t offset = bytes.begin + Below(bytes.end - bytes.begin);
  const auto change = static_cast<std::byte>(1 + Below(255));
  const std::string what = "byte " + std::to_string(offset) + " of " + bytes.file.native() + " (" +
                           std::string(bytes.kind) + ")";
  RETURN_IF_ERROR(ChangeByte(path, offset, change, files_));
  ASSIGN_OR_RETURN(const bool sound, IsSound());
  bool told = !sound;
  if (ask) {
    ASSIGN_OR_RETURN(const bool told_by_server, Ask(house, what, told));
    told = told || told_by_server;
    RETURN_IF_ERROR(MakeTrial(house));
  } else {
    RETURN_IF_ERROR(ChangeByte(path, offset, change, files_));  // back
  }
  ++counts_.flips;
  counts_.detected += told;
  if (!told) findings_.Add(ChaosBreach::kMissed, what + " was changed, and nobody noticed");
  return Done{};
}

Result<bool> FlipSuite::IsSound() {
  const std::filesystem::path log = trial_ / "verify.log";
  ASSIGN_OR_RETURN(const auto process,
                   ChaosProcess::Start({options_.binary.native(), "verify",
                                        "--config=" + (trial_ / "strata.yaml").native(),
                                        "--data-dir=" + (trial_ / "data").native()},
                                       {}, log));
  process->AwaitEnd(SystemClock().Monotonic() + kVerifyMax);
  const auto& end = process->end();
  if (end && end->exit_code == kExitOk) return true;
  if (end && end->exit_code == kExitPartial) return false;
  return Error{Code::kCorrupt, "strata verify: " + (end ? end->text : "it does not end") +
                                   "; its messages are in " + log.native()};
}

// A server may refuse to start on damage, or answer what it still has.
Result<bool> FlipSuite::Ask(ChaosHouse& house, const std::string& what, bool told) {
  ++counts_.starts;
  ChaosServerOptions options = house.server_options();
  options.directory = trial_;
  ASSIGN_OR_RETURN(const auto server, ChaosServer::Start(options, {}, files_));
  ASSIGN_OR_RETURN(const bool ready, server->AwaitReady(SystemClock().Monotonic() + kStartMax));
  if (!ready) {
    const auto& end = server->process().end();
    if (end && end->exit_code && *end->exit_code != kExitOk) return true;
    findings_.Add(ChaosBreach::kFailed, what +
                                            " was changed: a server neither starts nor says why: " +
                                            (end ? end->text : "it runs on"));
    return false;
  }
  ChaosFindings answers;
  const Status answered = house.Check(*server, answers);
  server->process().Kill();
  told = told || !answered || !ComplaintsIn(trial_, files_).empty();
  const bool wrong = answers.Count(ChaosBreach::kDuplicated) > 0 ||
                     answers.Count(ChaosBreach::kAltered) > 0 ||
                     answers.Count(ChaosBreach::kDisordered) > 0;
  if (wrong || (!told && answers.any())) {
    findings_.Add(ChaosBreach::kMissed,
                  what + " was changed, and a wrong answer came: " + answers.Sentences().front());
  }
  return told;
}

}  // namespace strata::app
