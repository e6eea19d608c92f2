// A log that is looked at from outside while it runs: what moves meanwhile is no damage.
#include <gtest/gtest.h>

#include "os/forwarding_file_system.h"
#include "wal/inspect.h"
#include "wal/test_log.h"

namespace strata::wal {
namespace {

using os::SimulatedDisk;

Config TinySegments() {
  Config config = SmallConfig();
  config.segment_bytes = 32_KiB;
  config.frame_bytes_max = 4_KiB;
  config.group_bytes_max = 8_KiB;
  return config;
}

// Does something else when a file is opened or asked for, the n-th time.
class Interrupted final : public os::ForwardingFileSystem {
 public:
  Interrupted(os::FileSystem& files, int call, std::function<void()> work)
      : ForwardingFileSystem(files), calls_left_(call), work_(std::move(work)) {}
  Result<std::unique_ptr<os::File>> Open(const Path& path,
                                         const os::OpenOptions& options) override {
    Count();
    return inner().Open(path, options);
  }
  Result<os::Stat> GetStat(const Path& path) override {
    Count();
    return inner().GetStat(path);
  }
  bool was_reached() const { return calls_left_ <= 0; }

 private:
  void Count() {
    if (--calls_left_ == 0) work_();
  }

  int calls_left_;
  const std::function<void()> work_;
};

// Some segments; the one behind the last frame is there, too.
class MovingLog {
 public:
  MovingLog() : log_(disk_, TinySegments()) {
    CHECK(log_.Open());
    CHECK(log_->Start(/*threads=*/false));
    for (int i = 0; i < 50; ++i) {
      Append();
      while (log_->CommitOnce() || log_->StockOnce()) {
      }
    }
  }
  // Fills up a segment and goes on in the next. No name in the folder changes.
  void Roll() {
    const std::uint64_t number = Active().number;
    while (Active().number == number) {
      Append();
      ASSERT_TRUE(log_->CommitOnce());
    }
  }
  void Release() { ASSERT_TRUE(log_->Release(log_->published())); }
  SimulatedDisk& disk() { return disk_; }

 private:
  // With the newest frame.
  SegmentInfo Active() {
    SegmentInfo active;
    for (const SegmentInfo& segment : log_->Segments()) {
      if (segment.last != 0) active = segment;
    }
    return active;
  }
  void Append() {
    ++id_;
    log_.Submit(PayloadOf(id_, 1500));
  }

  SimulatedDisk disk_;
  TestLog log_;
  std::uint64_t id_ = 0;
};

// Calls `look` once for each file that it asks for, with the log moving just then.
template <class Look>
void MoveAtEachStep(const Look& look) {
  for (const auto move : {&MovingLog::Roll, &MovingLog::Release}) {
    bool reached = true;
    int call = 1;
    for (; reached; ++call) {
      MovingLog log;
      Interrupted files(log.disk(), call, [&] { (log.*move)(); });
      const RecoveryReport report = look(files);
      reached = files.was_reached();
      for (const Damage& damage : report.damage) {
        ADD_FAILURE() << "call " << call << ": " << damage.reason;
      }
    }
    EXPECT_GT(call, 5);
  }
}

TEST(Moving, NothingIsMissedByAVerification) {
  MoveAtEachStep([](os::FileSystem& files) {
    const auto verification = Verify(files, kTestFolder);
    EXPECT_TRUE(verification && verification->lost.empty());
    return verification ? verification->report : RecoveryReport();
  });
}

TEST(Moving, NothingIsMissedByAnInspection) {
  MoveAtEachStep([](os::FileSystem& files) {
    const auto inspection = Inspect(files, kTestFolder, {.frames = true});
    EXPECT_TRUE(inspection);
    return inspection ? inspection->report : RecoveryReport();
  });
}

}  // namespace
}  // namespace strata::wal
