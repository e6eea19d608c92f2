#include "app/chaos_full_disk.h"

#include <thread>
#include <utility>

#include "base/units.h"
#include "os/quota_file_system.h"

namespace strata::app {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kRoomBytes = 256_MiB;
// A defect takes for ever; the log tries again once a second, the watermark looks twice.
constexpr std::chrono::seconds kRefusalMax{30};
constexpr std::chrono::seconds kResumeMax{15};
constexpr milliseconds kLook{2};
// So many answers in a row say busy: the disk is full. Each client asks every few milliseconds.
constexpr std::uint64_t kRefusalsOfAFullDisk = 60;
constexpr std::uint64_t kAcksOfHealth = 8;
constexpr std::uint64_t kCyclesOfAHouse = 4;

// Small limits, so that what is free in the log is soon used up.
std::map<std::string, std::string> SettingsOf(bool watermark) {
  return {{"log.segment_bytes", "1MiB"},
          {"log.max_bytes", "8MiB"},
          {"hot.retention", "0s"},
          {"seal.rows", "500"},
          {"seal.age", "200ms"},
          {"seal.small_part_interval", "0s"},
          {"query.memory", "256MiB"},
          {"query.concurrency", "2"},
          {"disk.free_min", watermark ? "8MiB" : "0B"},
          {"disk.reserve", watermark ? "4MiB" : "0B"},
          {"disk.free_warn", "0B"}};
}

template <class Condition>
bool Await(std::chrono::nanoseconds longest, Condition holds) {
  const MonotonicTime deadline = SystemClock().Monotonic() + longest;
  while (!holds()) {
    if (SystemClock().Monotonic() >= deadline) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

}  // namespace

FullDiskSuite::FullDiskSuite(const FullDiskOptions& options, const std::atomic<bool>& stop,
                             ChaosFindings& findings, os::FileSystem& files)
    : options_(options),
      quota_(options.directory / "quota"),
      stop_(stop),
      findings_(findings),
      files_(files) {}

Status FullDiskSuite::Run() {
  RETURN_IF_ERROR(files_.CreateDirectories(options_.directory));
  do {
    RETURN_IF_ERROR(RunHouse(/*watermark=*/houses_ % 2 == 1));
  } while (!Ended());
  return Done{};
}

// From now on nothing grows; what is removed makes room.
Status FullDiskSuite::LeaveNoRoom(const ChaosHouse& house) {
  const std::filesystem::path data = house.server_options().directory / "data";
  os::QuotaFileSystem disk(files_, data, quota_);
  ASSIGN_OR_RETURN(const os::Space space, disk.FreeSpace(data));
  return SetQuota(space.total_bytes - space.free_bytes);
}

bool FullDiskSuite::Ended() const {
  return Over() || SystemClock().Monotonic() >= options_.deadline;
}

Status FullDiskSuite::SetQuota(std::uint64_t bytes) {
  return files_.ReplaceAll(quota_, AsBytes(std::to_string(bytes)));
}

Status FullDiskSuite::RunHouse(bool watermark) {
  const std::string name = "full-disk-" + std::to_string(houses_++);
  RETURN_IF_ERROR(SetQuota(kRoomBytes));
  ASSIGN_OR_RETURN(const auto house,
                   ChaosHouse::Open({.binary = options_.binary,
                                     .directory = options_.directory / name,
                                     .ledger_directory = options_.ledger_directory / name,
                                     .seed = options_.seed * 1000 + houses_,
                                     .settings = SettingsOf(watermark),
                                     .quota = quota_},
                                    traffic_, findings_, files_));
  ASSIGN_OR_RETURN(auto server, house->Start());
  if (server == nullptr) return Done{};
  for (std::uint64_t cycle = 0; cycle < kCyclesOfAHouse && (cycle == 0 || !Ended()); ++cycle) {
    RETURN_IF_ERROR(Cycle(*house, *server));
  }
  // Nothing of what was refused half-way may come up at the next start.
  server->process().Kill();
  if (findings_.any()) return Done{};
  ASSIGN_OR_RETURN(server, house->Start());
  if (server == nullptr) return Done{};
  RETURN_IF_ERROR(house->Check(*server));
  server->process().Kill();
  return house->Remove();
}

bool FullDiskSuite::Over() const {
  return stop_.load(std::memory_order_relaxed) || findings_.any();
}

Status FullDiskSuite::Cycle(ChaosHouse& house, ChaosServer& server) {
  {
    ChaosLoad load;
    house.Send(server, load);
    AwaitAcks("with room on the disk requests are not accepted");
    RETURN_IF_ERROR(LeaveNoRoom(house));
    AwaitRefusals();
  }
  if (Over()) return Done{};
  if (const Status answered = house.Check(server); !answered) {
    findings_.Add(ChaosBreach::kFailed, "on a full disk queries fail: " + answered.error().message);
  }
  RETURN_IF_ERROR(SetQuota(kRoomBytes));
  ChaosLoad load;
  house.Send(server, load);
  AwaitAcks("the server did not accept requests again when the disk had room");
  if (!Over()) ++cycles_;
  return Done{};
}

void FullDiskSuite::AwaitAcks(const char* failure) {
  const std::uint64_t before = traffic_.acked_requests.load();
  const auto accepts = [&] {
    return Over() || traffic_.acked_requests.load() >= before + kAcksOfHealth;
  };
  if (!Await(kResumeMax, accepts)) findings_.Add(ChaosBreach::kFailed, failure);
}

void FullDiskSuite::AwaitRefusals() {
  std::uint64_t acked = 0;
  std::uint64_t busy = 0;
  const auto refuses = [&] {
    const std::uint64_t acked_now = traffic_.acked_requests.load();
    if (acked_now != std::exchange(acked, acked_now)) busy = traffic_.busy.load();
    return Over() || traffic_.busy.load() >= busy + kRefusalsOfAFullDisk;
  };
  if (Await(kRefusalMax, refuses)) return;
  findings_.Add(ChaosBreach::kFailed, "a full disk did not make the server refuse requests");
}

}  // namespace strata::app
