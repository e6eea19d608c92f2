// Power loss after every single file operation, and every operation failing: what was acked is
// readable with equal bytes, positions have no gap, and what was not acked is there at most once.
#include <cerrno>
#include <functional>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "base/every_case.h"
#include "wal/segment.h"
#include "wal/test_log.h"

namespace strata::wal {
namespace {

using os::SimulatedDisk;

// What the clients of one log know. Lives on another disk than the log.
class Oracle {
 public:
  std::uint64_t NewId() { return ++last_id_; }
  void Acked(Position position, std::uint64_t id) {
    if (!acked_.emplace(position, id).second) violation_ = "a position was given twice";
    if (!acked_ids_.insert(id).second) violation_ = "an id was acked twice";
  }
  // Everything up to here may be gone: the consumers have it.
  void Released(Position position) { released_ = std::max(released_, position); }

  // Empty when the log keeps its promises.
  std::string Check(TestLog& log) const {
    if (!violation_.empty()) return violation_;
    ReadOutcome outcome;
    auto frames = log.ReplayAll(&outcome);
    if (!frames) return "replay fails: " + frames.error().message;
    if (!outcome.lost.empty()) return "reported as lost without damage";
    const RecoveryReport report = log->recovery();
    if (!report.damage.empty()) return "reported as damaged: " + report.damage[0].reason;
    if (!report.foreign.empty()) return "reported as foreign: " + report.foreign[0].reason;
    if (report.cursors_lost) return "cursors lost";
    std::set<std::uint64_t> ids;
    Position previous = 0;
    for (const auto& [position, payload] : *frames) {
      if (previous != 0 && position != previous + 1) return "a gap in the positions";
      previous = position;
      const std::uint64_t id = IdOf(payload);
      if (payload != PayloadOf(id, payload.size())) return "other bytes than were appended";
      if (!ids.insert(id).second) return "a frame is there twice";
      const auto acked = acked_.find(position);
      if (acked != acked_.end() && acked->second != id) return "another frame at an acked position";
    }
    for (const auto& [position, id] : acked_) {
      if (position > released_ && !frames->contains(position)) {
        return "acked frame " + std::to_string(position) + " is gone";
      }
    }
    if (!acked_.empty() && log->published() < acked_.rbegin()->first) return "positions go back";
    return "";
  }
  std::size_t acked() const { return acked_.size(); }

 private:
  std::uint64_t last_id_ = 0;
  std::map<Position, std::uint64_t> acked_;
  std::set<std::uint64_t> acked_ids_;
  Position released_ = 0;
  std::string violation_;
};

// Appends `count` frames; stops when the log does not take more. True: all acked.
bool AppendSome(TestLog& log, Oracle& oracle, int count, std::size_t bytes) {
  for (int i = 0; i < count; ++i) {
    const std::uint64_t id = oracle.NewId();
    auto position = log.Put(PayloadOf(id, bytes));
    if (!position) return false;
    oracle.Acked(*position, id);
  }
  return true;
}

// Several in flight at once, so that groups have several frames.
bool AppendTogether(TestLog& log, Oracle& oracle, int count, std::size_t bytes) {
  std::vector<std::pair<TestAppend*, std::uint64_t>> appends;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t id = oracle.NewId();
    appends.emplace_back(&log.Submit(PayloadOf(id, bytes)), id);
  }
  bool all = true;
  for (const auto& [append, id] : appends) {
    log.hooks().AwaitSettled(*append);
    if (append->status) {
      oracle.Acked(append->append.position, id);
    } else {
      all = false;
    }
  }
  return all;
}

struct Scenario {
  const char* name;
  // Works on a disk until an operation fails. Everything it learns goes to the oracle.
  std::function<void(SimulatedDisk&, Oracle&)> run;
  Config config = SmallConfig();
};

Config OneSpare() {
  Config config = SmallConfig();
  config.segment_bytes = 32_KiB;
  config.frame_bytes_max = 16_KiB;
  config.group_bytes_max = 8_KiB;
  config.spare_segments = 1;
  config.max_bytes = 512_KiB;
  return config;
}

void RunAppends(SimulatedDisk& disk, Oracle& oracle) {
  TestLog log(disk, OneSpare());
  if (!log.OpenAndStart()) return;
  AppendSome(log, oracle, 4, 700) && AppendTogether(log, oracle, 5, 900) &&
      AppendSome(log, oracle, 2, 5000);
}

void RunRolls(SimulatedDisk& disk, Oracle& oracle) {
  TestLog log(disk, OneSpare());
  if (!log.OpenAndStart()) return;
  AppendSome(log, oracle, 9, 6000) && AppendTogether(log, oracle, 6, 3000);
}

void RunReleases(SimulatedDisk& disk, Oracle& oracle) {
  TestLog log(disk, OneSpare());
  if (!log.OpenAndStart()) return;
  for (int round = 0; round < 4; ++round) {
    if (!AppendSome(log, oracle, 5, 6000)) return;
    const Position done = log->published() - 1;
    if (!log->Checkpoint("sealer", done)) return;
    oracle.Released(done);
    if (!log->Release(done)) return;
  }
}

void RunRestarts(SimulatedDisk& disk, Oracle& oracle) {
  for (int life = 0; life < 3; ++life) {
    TestLog log(disk, OneSpare());
    if (!log.OpenAndStart()) return;
    if (!AppendSome(log, oracle, 3, 4000)) return;
    if (!log->Checkpoint("sink", log->published())) return;
    if (life == 1) log->Stop();
  }
}

// Without spares: what is released is the next segment at once.
Config NoSpare() {
  Config config = OneSpare();
  config.spare_segments = 0;
  config.max_bytes = 3 * config.segment_bytes;
  return config;
}

void RunReuse(SimulatedDisk& disk, Oracle& oracle) {
  TestLog log(disk, NoSpare());
  if (!log.OpenAndStart()) return;
  for (int round = 0; round < 12; ++round) {
    const std::uint64_t id = oracle.NewId();
    auto position = log.Put(PayloadOf(id, 6000));
    if (position) {
      oracle.Acked(*position, id);
    } else if (position.error().code != Code::kExhausted) {
      return;
    }
    const Position done = log->published();
    oracle.Released(done);
    if (!log->Release(done)) return;
  }
}

const Scenario kScenarios[] = {{"reuse", RunReuse, NoSpare()},
                               {"appends", RunAppends, OneSpare()},
                               {"rolls", RunRolls, OneSpare()},
                               {"releases", RunReleases, OneSpare()},
                               {"restarts", RunRestarts, OneSpare()}};

// The promises after power loss, then a life on what was left, then the promises again.
std::string CheckAfterLoss(const SimulatedDisk& crashed, const Scenario& scenario,
                           const Oracle& before, std::uint64_t seed) {
  const auto disk = crashed.AfterPowerLoss(seed);
  Oracle oracle = before;
  Config config = scenario.config;
  config.max_bytes = 1_MiB;  // room for what comes, even if the log was full
  {
    TestLog log(*disk, config);
    if (auto opened = log.Open(); !opened) return "does not open: " + opened.error().message;
    if (auto wrong = oracle.Check(log); !wrong.empty()) return wrong;
    if (auto started = log->Start(); !started) return "no start: " + started.error().message;
    if (!AppendSome(log, oracle, 2, 1500)) return "takes no frames";
  }
  TestLog log(*disk, config);
  if (auto opened = log.Open(); !opened) return "does not open again: " + opened.error().message;
  return oracle.Check(log);
}

struct Explored {
  std::uint64_t crash_points = 0;
  std::uint64_t states = 0;
  std::vector<std::string> violations;
};

Explored ExploreCrashes(const Scenario& scenario, const SimulatedDisk::Options& options,
                        std::uint64_t loss_seeds) {
  Explored explored;
  for (std::uint64_t n = 1;; n += kNextCase) {
    SimulatedDisk disk(options);
    disk.CrashAt(n);
    Oracle oracle;
    scenario.run(disk, oracle);
    if (!disk.crashed()) break;
    ++explored.crash_points;
    for (std::uint64_t seed = 1; seed <= loss_seeds; ++seed) {
      ++explored.states;
      const std::string wrong = CheckAfterLoss(disk, scenario, oracle, 1000 * n + seed);
      if (!wrong.empty()) {
        explored.violations.push_back(std::string(scenario.name) + ", operation " +
                                      std::to_string(n) + ", loss " +
                                      std::to_string(1000 * n + seed) + ": " + wrong);
      }
    }
  }
  return explored;
}

TEST(Crash, AfterEveryOperationWhatWasAckedIsThere) {
  for (const bool direct : {true, false}) {
    for (const Scenario& scenario : kScenarios) {
      SCOPED_TRACE(scenario.name);
      const Explored explored = ExploreCrashes(scenario, {.direct = direct}, 6);
      EXPECT_GT(explored.crash_points, 25U / kNextCase);
      std::printf("%s: %lu crash points, %lu states\n", scenario.name, explored.crash_points,
                  explored.states);
      for (const std::string& violation : explored.violations) ADD_FAILURE() << violation;
    }
  }
}

// The process alone dies, and the next one goes on with names and bytes that were never synced, its
// own folder among them. What that one acknowledges has to outlive the power.
TEST(Crash, AKilledProcessLeavesNothingThatTheNextWronglyTrusts) {
  std::uint64_t states = 0;
  for (const Scenario& scenario : kScenarios) {
    for (std::uint64_t n = 1;; n += kNextCase) {
      SimulatedDisk first({.seed = n});
      first.CrashAt(n);
      Oracle oracle;
      scenario.run(first, oracle);
      if (!first.crashed()) break;
      const auto disk = first.AfterKill();
      SCOPED_TRACE(std::string(scenario.name) + ", killed at operation " + std::to_string(n));
      Config config = scenario.config;
      config.max_bytes = 1_MiB;
      {
        TestLog log(*disk, config);
        ASSERT_TRUE(log.OpenAndStart());
        ASSERT_TRUE(AppendSome(log, oracle, 2, 1500));
      }
      for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        ++states;
        ASSERT_EQ(CheckAfterLoss(*disk, scenario, oracle, 1000 * n + seed), "") << "loss " << seed;
      }
    }
  }
  std::printf("%lu states\n", states);
}

// Recovery itself is cut off, at each of its operations, again and again.
TEST(Crash, DuringRecoveryIsHarmless) {
  std::uint64_t states = 0;
  for (const Scenario& scenario : kScenarios) {
    SimulatedDisk first;
    Oracle oracle;
    {
      SimulatedDisk sized;
      Oracle unused;
      scenario.run(sized, unused);
      first.CrashAt(sized.operations() * 2 / 3);
    }
    scenario.run(first, oracle);
    for (std::uint64_t n = 1;; n += kNextCase) {
      const auto disk = first.AfterPowerLoss(17);
      disk->CrashAt(n);
      Oracle known = oracle;
      {
        TestLog log(*disk, scenario.config);
        if (log.OpenAndStart()) AppendSome(log, known, 1, 500);
      }
      if (!disk->crashed()) break;
      for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        ++states;
        const std::string wrong = CheckAfterLoss(*disk, scenario, known, 100 * n + seed);
        EXPECT_EQ(wrong, "") << scenario.name << ", operation " << n << ", loss " << 100 * n + seed;
      }
    }
  }
  std::printf("%lu states\n", states);
}

// Opens a log on what power loss at any call of its start leaves; nothing may count as damaged.
void ExpectNoDamageWhereverStartIsCutOff(SimulatedDisk& disk, const Config& config) {
  std::uint64_t states = 0;
  disk.SetWatch([&](const SimulatedDisk::Moment& moment) {
    for (std::uint64_t seed = 0; seed < 32; ++seed) {
      std::mt19937_64 random(seed);
      const auto after = moment.AfterPowerLoss([&] { return random() % 2 == 0; });
      TestLog log(*after, config);
      ASSERT_TRUE(log.Open());
      ASSERT_TRUE(log.ReplayAll());
      const auto damage = log->recovery().damage;
      ASSERT_TRUE(damage.empty()) << "call " << moment.operation() << ": " << damage[0].reason;
      ++states;
    }
  });
  {
    TestLog log(disk, config);
    ASSERT_TRUE(log.Open());
    ASSERT_TRUE(log->Start(/*threads=*/false));
  }
  disk.SetWatch({});
  EXPECT_GT(states, 100U);
}

// kill -9 between a write and its sync: recovery reads the frame from the page cache and serves it.
// Power loss then must not leave a footer that counts a frame which never reached the disk.
TEST(Crash, WhatRecoveryServesIsDurableBeforeAFooterCountsIt) {
  SimulatedDisk disk({.direct = false});
  TestLog first(disk, OneSpare());
  ASSERT_TRUE(first.OpenAndStart());
  ASSERT_TRUE(first.Put(PayloadOf(1, 700)));
  ASSERT_TRUE(first.Put(PayloadOf(2, 3000)));
  const auto killed = disk.AfterKill();
  const std::string path = std::string(kTestFolder) + "/" + SegmentName(1);
  const Bytes whole = killed->Content(path);
  const std::uint64_t second_group = kFirstGroupOffset + kBlockBytes;
  Bytes without = whole;
  std::ranges::fill(std::span(without).subspan(second_group, kBlockBytes), std::byte{0});
  killed->SetContent(path, without);
  const auto file = *killed->Open(path, {.access = os::Access::kReadWrite});
  ASSERT_TRUE(file->WriteAt(second_group, ByteSpan(whole).subspan(second_group, kBlockBytes)));
  ExpectNoDamageWhereverStartIsCutOff(*killed, OneSpare());
}

// With sync: interval an unclean start leaves positions out. The next one knows, even when the
// frames behind them were lost as well, in part.
TEST(Crash, PositionsLeftOutAreNeverReportedAsLost) {
  Config config = OneSpare();
  config.sync = SyncMode::kInterval;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    auto disk = std::make_unique<SimulatedDisk>();
    for (int life = 0; life < 3; ++life) {
      TestLog log(*disk, config);
      ASSERT_TRUE(log.Open());
      ASSERT_TRUE(log.ReplayAll());
      const auto damage = log->recovery().damage;
      ASSERT_TRUE(damage.empty()) << "seed " << seed << ": " << damage[0].reason;
      ASSERT_TRUE(log->Start(/*threads=*/false));
      for (std::uint64_t id = 1; id <= 4; ++id) {
        log.Submit(PayloadOf(id, 200));
        ASSERT_TRUE(log->CommitOnce());
      }
      auto next = disk->AfterPowerLoss(seed * 10 + static_cast<std::uint64_t>(life));
      disk->CrashAt(1);
      log.Close();
      disk = std::move(next);
    }
  }
}

// A test that cannot fail proves nothing: on a disk that lies it must.
TEST(Crash, ALyingDiskIsCaught) {
  const Explored syncs = ExploreCrashes(kScenarios[1], {.ignores_syncs = true}, 4);
  EXPECT_FALSE(syncs.violations.empty());
  const Explored names = ExploreCrashes(kScenarios[1], {.ignores_directory_syncs = true}, 4);
  EXPECT_FALSE(names.violations.empty());
}

// Each call fails, once or from then on. No false ack meanwhile, and all promises when it is
// lifted.
void FailEveryCall(const Scenario& scenario, int number, SimulatedDisk::Repeat repeat,
                   std::uint64_t& points) {
  for (std::uint64_t n = 1;; n += kNextCase) {
    SimulatedDisk disk;
    Oracle oracle;
    disk.FailAt(n, number, repeat);
    scenario.run(disk, oracle);
    if (disk.operations() < n) return;
    ++points;
    disk.ClearFault();
    SCOPED_TRACE(std::string(scenario.name) + ", call " + std::to_string(n));
    {
      const auto killed = disk.AfterKill();
      Config config = scenario.config;
      config.max_bytes = 1_MiB;
      TestLog log(*killed, config);
      auto opened = log.Open();
      ASSERT_TRUE(opened) << opened.error().message;
      ASSERT_EQ(oracle.Check(log), "");
      ASSERT_TRUE(log->Start());
      Oracle known = oracle;
      ASSERT_TRUE(AppendSome(log, known, 1, 500));
    }
    ASSERT_EQ(CheckAfterLoss(disk, scenario, oracle, n), "");
  }
}

TEST(Faults, EveryCallFailsOnceOrForEver) {
  std::uint64_t points = 0;
  for (const Scenario& scenario : kScenarios) {
    for (const int number : {EIO, ENOSPC}) {
      for (const auto repeat : {SimulatedDisk::Repeat::kOnce, SimulatedDisk::Repeat::kForEver}) {
        FailEveryCall(scenario, number, repeat, points);
      }
    }
  }
  std::printf("%lu points\n", points);
  EXPECT_GT(points, 1000U / kNextCase);
}

// Until the next segment and the spare are there: no other thread works on the disk then.
void AwaitPrepared(TestLog& log) {
  while (log->Segments().size() < 3) std::this_thread::yield();
}

// The log comes back by itself after a failed write, without a restart.
TEST(Faults, AFailedWriteIsSurvivedWithoutARestart) {
  SimulatedDisk disk;
  Oracle oracle;
  TestLog log(disk, OneSpare());
  ASSERT_TRUE(log.OpenAndStart());
  ASSERT_TRUE(AppendSome(log, oracle, 3, 1000));
  AwaitPrepared(log);
  disk.FailChangeAt(1, EIO, SimulatedDisk::Repeat::kOnce);
  const std::uint64_t failed = oracle.NewId();
  auto position = log.Put(PayloadOf(failed, 1000));
  ASSERT_FALSE(position);
  EXPECT_EQ(position.error().code, Code::kUnavailable);
  EXPECT_NE(position.error().message.find("Input/output error"), std::string::npos);
  EXPECT_EQ(log->stats().failed_writes, 1U);
  while (!log->healthy()) std::this_thread::yield();
  EXPECT_EQ(log->stats().rebuilds, 1U);
  ASSERT_TRUE(AppendSome(log, oracle, 3, 1000));
  EXPECT_EQ(log->published(), 6U);
  // The failed frame is gone for good: its segment was closed before it.
  const auto read = log->Read(1, 6, [&](const FrameView& frame) -> Status {
    EXPECT_NE(IdOf(AsText(frame.payload)), failed);
    return Done{};
  });
  EXPECT_EQ(read->frames, 6U);
  EXPECT_TRUE(read->lost.empty());
  log->Stop();
  log.Close();
  TestLog again(disk, OneSpare());
  ASSERT_TRUE(again.Open());
  EXPECT_EQ(oracle.Check(again), "");
}

TEST(Faults, TheLogStaysDownWhileTheDiskFails) {
  SimulatedDisk disk;
  Oracle oracle;
  TestLog log(disk, OneSpare());
  ASSERT_TRUE(log.OpenAndStart());
  ASSERT_TRUE(AppendSome(log, oracle, 3, 1000));
  disk.FailAt(1, EIO, SimulatedDisk::Repeat::kForEver);
  TestAppend& first = log.Submit(PayloadOf(oracle.NewId(), 100));
  TestAppend& second = log.Submit(PayloadOf(oracle.NewId(), 100));
  for (TestAppend* append : {&first, &second}) {
    log.hooks().AwaitSettled(*append);
    EXPECT_EQ(append->status.error().code, Code::kUnavailable);
    EXPECT_FALSE(append->published);
  }
  while (log->ailment().find("not rebuilt") == std::string::npos) std::this_thread::yield();
  EXPECT_FALSE(log->healthy());
  log.clock().Advance(std::chrono::seconds(2));
  EXPECT_EQ(log.Put("x").error().code, Code::kUnavailable);
  disk.ClearFault();
  // The next attempt is due a second after the last one, when somebody asks.
  Result<Position> position = Error{Code::kUnavailable, ""};
  while (!position) {
    log.clock().Advance(std::chrono::seconds(2));
    const std::uint64_t id = oracle.NewId();
    position = log.Put(PayloadOf(id, 100));
    if (position) oracle.Acked(*position, id);
  }
  EXPECT_EQ(*position, 4U);
  EXPECT_TRUE(log->healthy());
}

// Frames that were acked and do not read back: coming back would deny them.
TEST(Faults, TheLogStaysDownWhenAckedFramesDoNotReadBack) {
  SimulatedDisk disk;
  Oracle oracle;
  TestLog log(disk, OneSpare());
  ASSERT_TRUE(log.OpenAndStart());
  ASSERT_TRUE(AppendSome(log, oracle, 3, 1000));
  AwaitPrepared(log);
  const std::string path = std::string(kTestFolder) + "/" + log->Segments().front().name;
  Bytes content = disk.Content(path);
  content[kBlockBytes + 300] ^= std::byte{1};
  disk.SetContent(path, content);
  disk.FailChangeAt(1, EIO, SimulatedDisk::Repeat::kOnce);
  EXPECT_FALSE(log.Put("x"));
  while (log->ailment().find("not rebuilt") == std::string::npos) std::this_thread::yield();
  EXPECT_NE(log->ailment().find("does not read back"), std::string::npos) << log->ailment();
  EXPECT_FALSE(log->healthy());
}

// Somebody else took the last byte: the cursors still move, and what is released is used again.
TEST(Faults, AFullDiskDoesNotKeepSegmentsFromBeingReleased) {
  SimulatedDisk disk({.capacity_bytes = 200_KiB});
  Oracle oracle;
  TestLog log(disk, OneSpare());
  ASSERT_TRUE(log.OpenAndStart());
  while (AppendSome(log, oracle, 1, 6000)) {
  }
  disk.SetCapacity(disk.FreeSpace("/")->total_bytes - disk.FreeSpace("/")->free_bytes);
  ASSERT_TRUE(log->Checkpoint("sealer", log->published()));
  ASSERT_TRUE(log->Release(log->published()));
  Result<Position> position = Error{Code::kExhausted, ""};
  while (!position && position.error().code == Code::kExhausted) position = log.Put("room again");
  EXPECT_TRUE(position) << position.error().message;
}

TEST(Faults, AFullDiskIsAFullLogAndPasses) {
  SimulatedDisk disk({.capacity_bytes = 250_KiB});
  Oracle oracle;
  TestLog log(disk, OneSpare());
  ASSERT_TRUE(log.OpenAndStart());
  Result<Position> position = Position{0};
  while (true) {
    const std::uint64_t id = oracle.NewId();
    position = log.Put(PayloadOf(id, 6000));
    if (!position) break;
    oracle.Acked(*position, id);
  }
  EXPECT_EQ(position.error().code, Code::kExhausted);
  EXPECT_GT(oracle.acked(), 6U);
  disk.SetCapacity(1_MiB);
  while (!position) {
    EXPECT_EQ(position.error().code, Code::kExhausted);
    log.clock().Advance(std::chrono::seconds(1));
    const std::uint64_t id = oracle.NewId();
    position = log.Put(PayloadOf(id, 6000));
    if (position) oracle.Acked(*position, id);
  }
  log->Stop();
  log.Close();
  TestLog again(disk, OneSpare());
  ASSERT_TRUE(again.Open());
  EXPECT_EQ(oracle.Check(again), "");
}

}  // namespace
}  // namespace strata::wal
