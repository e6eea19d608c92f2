#include "ingest/pipeline.h"

#include <cerrno>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "ingest/test_request.h"

namespace strata::ingest {
namespace {

constexpr std::uint64_t kTime = 1'700'000'000'000'000'000;

using RowList = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

TEST(Pipeline, AnAcknowledgedRequestIsVisibleAndHasAReceipt) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  const IngestOutcome outcome = ingest.Send(LogsRequest({kTime, kTime + 1, kTime + 2}, "hello"));
  ASSERT_TRUE(outcome.status) << outcome.status.error().message;
  EXPECT_GT(outcome.receipt, 0U);
  EXPECT_FALSE(outcome.duplicate);
  EXPECT_GE(ingest.log().published(), outcome.receipt);
  EXPECT_EQ(ingest.Rows(), (RowList{{outcome.receipt, 3}}));
}

TEST(Pipeline, AnEmptyRequestHasNoReceipt) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  const IngestOutcome outcome = ingest.Send("");
  EXPECT_TRUE(outcome.status);
  EXPECT_EQ(outcome.receipt, 0U);
  EXPECT_EQ(ingest.log().published(), 0U);
}

TEST(Pipeline, AMalformedRequestLeavesNothingBehind) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  std::string damaged = LogsRequest({kTime, kTime + 1}, "hello");
  damaged.resize(damaged.size() - 3);
  const IngestOutcome refused = ingest.Send(damaged);
  ASSERT_FALSE(refused.status);
  EXPECT_EQ(refused.status.error().code, Code::kInvalidInput);
  const IngestOutcome stored = ingest.Send(LogsRequest({kTime}, "good"));
  ASSERT_TRUE(stored.status);
  EXPECT_EQ(ingest.Rows(), (RowList{{stored.receipt, 1}}));
}

TEST(Pipeline, ARepetitionGetsTheFirstReceipt) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  const std::string request = LogsRequest({kTime}, "hello");
  const IngestOutcome first = ingest.Send(request);
  const IngestOutcome again = ingest.Send(request);
  ASSERT_TRUE(again.status);
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.receipt, first.receipt);
  EXPECT_EQ(ingest.Rows(), (RowList{{first.receipt, 1}}));
  // Equal bytes in another namespace are another request.
  const IngestOutcome elsewhere = ingest.Send(request, {}, Encoding::kProtobuf, "other");
  EXPECT_FALSE(elsewhere.duplicate);
  EXPECT_EQ(ingest.Rows("other").size(), 1U);
}

// A sender whose answer was lost hears with the repetition what was done to its values.
TEST(Pipeline, ARepetitionGetsTheFirstWarning) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk, {.limits = {.value_bytes = 16}});
  const std::string request = LogsRequest({kTime}, std::string(17, 'x'));
  const IngestOutcome first = ingest.Send(request);
  EXPECT_NE(first.message, "");
  const IngestOutcome again = ingest.Send(request);
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.rejected, 0U);
  EXPECT_EQ(again.message, first.message);
}

TEST(Pipeline, AReloadChangesLimitsAndDedup) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  const std::string request = LogsRequest({kTime}, std::string(17, 'x'));
  EXPECT_EQ(ingest.Send(request).message, "");
  ingest.pipeline().Configure({.limits = {.value_bytes = 16}, .dedup_payload = {.others = false}});
  const IngestOutcome again = ingest.Send(request);
  EXPECT_FALSE(again.duplicate);
  EXPECT_NE(again.message, "");
  ingest.pipeline().Configure({.hot_bytes_max = 1});
  EXPECT_EQ(ingest.Send(LogsRequest({kTime + 1}, "x")).status.error().code, Code::kExhausted);
  ingest.pipeline().Configure({.dedup = {.window = std::chrono::nanoseconds(0)}});
  const std::string another = LogsRequest({kTime + 2}, "x");
  EXPECT_FALSE(ingest.Send(another).duplicate);
  EXPECT_FALSE(ingest.Send(another).duplicate);
}

TEST(Pipeline, WithoutTheSendersTimeEqualPayloadsAreTwoRequests) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  const std::string request = LogsRequest({kTime, 0}, "heartbeat");
  EXPECT_FALSE(ingest.Send(request).duplicate);
  EXPECT_FALSE(ingest.Send(request).duplicate);
  EXPECT_EQ(ingest.Rows().size(), 2U);
}

TEST(Pipeline, AKeyRecognisesWhatThePayloadDoesNot) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  const std::string request = LogsRequest({0}, "heartbeat");
  const IngestOutcome first = ingest.Send(request, "key-1");
  const IngestOutcome again = ingest.Send(request, "key-1");
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.receipt, first.receipt);
  const IngestOutcome conflict = ingest.Send(LogsRequest({0}, "other"), "key-1");
  ASSERT_FALSE(conflict.status);
  EXPECT_EQ(conflict.status.error().code, Code::kConflict);
  EXPECT_EQ(ingest.Rows().size(), 1U);
}

// Whether `request` is taken for a repetition in `namespace_name`.
bool IsKnown(TestIngest& ingest, const std::string& request, const std::string& namespace_name,
             const std::string& key = {}) {
  const IngestOutcome outcome = ingest.Send(request, key, Encoding::kProtobuf, namespace_name);
  EXPECT_TRUE(outcome.status);
  return outcome.duplicate;
}

TEST(Pipeline, PayloadDedupCanBeTurnedOff) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk, {.dedup_payload = {.others = false, .exceptions = {{"billing", true}}}});
  const std::string request = LogsRequest({kTime}, "hello");
  for (const char* name : {"default", "other", "billing"}) {
    EXPECT_FALSE(IsKnown(ingest, request, name)) << name;
  }
  EXPECT_FALSE(IsKnown(ingest, request, "default"));
  EXPECT_FALSE(IsKnown(ingest, request, "other"));
  EXPECT_TRUE(IsKnown(ingest, request, "billing"));
  EXPECT_EQ(ingest.Rows("other").size(), 2U);
  EXPECT_EQ(ingest.Rows("billing").size(), 1U);
}

// A start with another setting neither forgets what was recognisable nor recognises what was not:
// the frame says which it is. An Idempotency-Key is recognised whatever the setting.
TEST(Pipeline, PayloadDedupOfANamespaceAcrossRestarts) {
  const PipelineConfig off_in_audit{
      .dedup_payload = {.others = true, .exceptions = {{"audit", false}}}};
  os::SimulatedDisk disk;
  const std::string early = LogsRequest({kTime}, "early");
  const std::string keyed = LogsRequest({kTime}, "keyed");
  {
    TestIngest ingest(disk, off_in_audit);
    EXPECT_FALSE(IsKnown(ingest, early, "default"));
    EXPECT_FALSE(IsKnown(ingest, early, "audit"));
    EXPECT_FALSE(IsKnown(ingest, keyed, "audit", "key-1"));
  }
  const auto same = disk.AfterPowerLoss(1);
  {
    TestIngest ingest(*same, off_in_audit);
    EXPECT_TRUE(IsKnown(ingest, early, "default"));
    EXPECT_FALSE(IsKnown(ingest, early, "audit"));
    EXPECT_TRUE(IsKnown(ingest, keyed, "audit", "key-1"));
  }
  const auto changed = same->AfterPowerLoss(2);
  TestIngest ingest(*changed,
                    {.dedup_payload = {.others = false, .exceptions = {{"audit", true}}}});
  EXPECT_FALSE(IsKnown(ingest, early, "default"));
  EXPECT_FALSE(IsKnown(ingest, early, "audit"));
  EXPECT_TRUE(IsKnown(ingest, early, "audit"));
}

// All twins are in flight at once; one is stored, the others wait for it and get its receipt.
TEST(Pipeline, TwinsInFlightAreStoredOnce) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  constexpr int kTwins = 64;
  Outcomes outcomes;
  std::vector<std::thread> senders;
  for (int t = 0; t < 4; ++t) {
    senders.emplace_back([&] {
      for (int i = 0; i < kTwins / 4; ++i) {
        ingest.pipeline().Ingest({.kind = model::Kind::kLogs,
                                  .namespace_name = "default",
                                  .payload = Buffer::CopyOf(AsBytes(LogsRequest({kTime}, "twin")))},
                                 outcomes.Expect());
      }
    });
  }
  for (auto& sender : senders) sender.join();
  int stored = 0;
  std::uint64_t receipt = 0;
  for (const IngestOutcome& outcome : outcomes.Wait(kTwins)) {
    ASSERT_TRUE(outcome.status);
    if (!outcome.duplicate) ++stored;
    if (receipt == 0) receipt = outcome.receipt;
    EXPECT_EQ(outcome.receipt, receipt);
  }
  EXPECT_EQ(stored, 1);
  EXPECT_EQ(ingest.Rows(), (RowList{{receipt, 1}}));
}

TEST(Pipeline, RefusesWithItsReasonUntilItAccepts) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  ingest.pipeline().Refuse("the disk is full");
  const IngestOutcome refused = ingest.Send(LogsRequest({kTime}, "x"));
  ASSERT_FALSE(refused.status);
  EXPECT_EQ(refused.status.error().code, Code::kUnavailable);
  EXPECT_EQ(refused.status.error().message, "the disk is full");
  EXPECT_TRUE(refused.retry_after.has_value());
  ingest.pipeline().Accept();
  EXPECT_TRUE(ingest.Send(LogsRequest({kTime}, "x")).status);
}

TEST(Pipeline, RowsComeBackAfterPowerLossAndRepetitionsAreKnown) {
  os::SimulatedDisk disk;
  std::map<std::uint64_t, std::uint64_t> acked;
  {
    TestIngest ingest(disk);
    for (std::uint64_t i = 1; i <= 40; ++i) {
      const IngestOutcome outcome =
          ingest.Send(LogsRequest(std::vector(i, kTime + i), "row"), "key-" + std::to_string(i));
      ASSERT_TRUE(outcome.status);
      acked[outcome.receipt] = i;
    }
  }
  const auto after = disk.AfterPowerLoss(7);
  TestIngest ingest(*after);
  EXPECT_EQ(ingest.report().faulty, 0U);
  EXPECT_EQ(ingest.Rows(), RowList(acked.begin(), acked.end()));
  for (const auto& [receipt, i] : acked) {
    const auto again = ingest.Send(LogsRequest(std::vector(i, kTime + i), "row"));
    EXPECT_TRUE(again.duplicate);
    EXPECT_EQ(again.receipt, receipt);
  }
  EXPECT_EQ(ingest.Send(LogsRequest({kTime}, "other"), "key-1").status.error().code,
            Code::kConflict);
}

// The file alone knows the requests once their segments are gone.
TEST(Pipeline, RepetitionsAreKnownAfterTheirSegmentWasReleased) {
  os::SimulatedDisk disk;
  const std::string first_request = LogsRequest({kTime}, "first");
  std::uint64_t first_receipt = 0;
  {
    TestIngest ingest(disk);
    first_receipt = ingest.Send(first_request).receipt;
    const std::string body(100'000, 'x');
    for (std::uint64_t i = 1; i <= 40; ++i) {
      ASSERT_TRUE(ingest.Send(LogsRequest({kTime + i}, body)).status);
    }
    ASSERT_GT(ingest.log().Segments().size(), 3U);
    // Not before the file covers them: the cursor pins the log.
    ASSERT_TRUE(ingest.log().Release(30));
    EXPECT_LE(ingest.log().oldest(), first_receipt);
    ASSERT_TRUE(ingest.dedup_file().Save());
    // A segment may be released once it is closed, which the log does beside the appends.
    while (ingest.log().oldest() <= first_receipt) {
      ASSERT_TRUE(ingest.log().Release(30));
      std::this_thread::yield();
    }
  }
  const auto after = disk.AfterPowerLoss(3);
  TestIngest ingest(*after);
  const IngestOutcome again = ingest.Send(first_request);
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.receipt, first_receipt);
}

// Ten years ahead and twenty back: the window is counted on a clock that does not jump.
TEST(Pipeline, AJumpOfTheWallClockForgetsNoRequest) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk, {.dedup = {.window = std::chrono::minutes(15)}});
  for (const int hours : {0, 24 * 3650, -24 * 7300}) {
    const std::string body = "before a jump of " + std::to_string(hours) + " hours";
    const std::string request = LogsRequest({kTime}, body);
    const std::uint64_t receipt = ingest.Send(request).receipt;
    ingest.clock().JumpWall(std::chrono::hours(hours));
    EXPECT_EQ(ingest.Send(request).receipt, receipt);
    ingest.Send(LogsRequest({kTime}, body + ", another"));
    EXPECT_EQ(ingest.Send(request).receipt, receipt) << "nor does the next request age it";
    ingest.clock().Advance(std::chrono::minutes(16));
    EXPECT_NE(ingest.Send(request).receipt, receipt) << "the window ends all the same";
  }
}

constexpr char kDedupFile[] = "/data/dedup.state";

// Every byte: told, kept, and never a reason not to start. The log has what the file has.
TEST(Pipeline, ADamagedDedupFileGoesToQuarantine) {
  os::SimulatedDisk disk;
  const std::string request = LogsRequest({kTime}, "hello");
  std::uint64_t receipt = 0;
  {
    TestIngest ingest(disk);
    receipt = ingest.Send(request).receipt;
    ASSERT_TRUE(ingest.dedup_file().Save());
  }
  const Bytes good = disk.Content(kDedupFile);
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= std::byte{0x10};
    disk.SetContent(kDedupFile, bad);
    const auto found = VerifyDedupFile(kDedupFile, disk);
    ASSERT_FALSE(found) << "byte " << i;
    EXPECT_EQ(found.error().code, Code::kCorrupt) << "byte " << i;
  }
  const Bytes bad = disk.Content(kDedupFile);
  const auto after = disk.AfterPowerLoss(5);
  TestIngest ingest(*after);
  EXPECT_EQ(after->Content("/data/quarantine/dedup.state"), bad);
  EXPECT_EQ(ingest.Send(request).receipt, receipt);
}

TEST(Pipeline, TheScrubWritesTheDedupFileAgainFromMemory) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  ingest.Send(LogsRequest({kTime}, "hello"));
  ASSERT_TRUE(ingest.dedup_file().Save());
  EXPECT_FALSE(*ingest.dedup_file().Scrub());
  const Bytes good = disk.Content(kDedupFile);
  Bytes bad = good;
  bad[bad.size() / 2] ^= std::byte{1};
  disk.SetContent(kDedupFile, bad);
  EXPECT_TRUE(*ingest.dedup_file().Scrub());
  EXPECT_EQ(disk.Content(kDedupFile), good);
  EXPECT_EQ(disk.Content("/data/quarantine/dedup.state"), bad);
}

// Whatever call of it fails, the next scrub has the file whole again.
TEST(Pipeline, AScrubThatCouldNotWriteTheDedupFileIsMadeUpForByTheNext) {
  for (std::uint64_t n = 1;; ++n) {
    os::SimulatedDisk disk;
    TestIngest ingest(disk);
    ingest.Send(LogsRequest({kTime}, "hello"));
    ASSERT_TRUE(ingest.dedup_file().Save());
    const Bytes good = disk.Content(kDedupFile);
    Bytes bad = good;
    bad[bad.size() / 2] ^= std::byte{1};
    disk.SetContent(kDedupFile, bad);
    disk.FailAt(n, ENOSPC, os::SimulatedDisk::Repeat::kOnce);
    const bool failed = !ingest.dedup_file().Scrub();
    disk.ClearFault();
    ASSERT_TRUE(ingest.dedup_file().Scrub()) << "call " << n;
    ASSERT_EQ(disk.Content(kDedupFile), good) << "call " << n;
    if (!failed) {
      EXPECT_GT(n, 5U);
      return;
    }
  }
}

// Power goes at every operation of a session of requests; what was acknowledged is there
// afterwards, once, and what was not is there whole or not at all.
TEST(Pipeline, AckedMeansReadableWhereverPowerGoes) {
  constexpr std::uint64_t kRequests = 6;
  std::uint64_t states = 0;
  for (std::uint64_t n = 1; n < 2000; ++n) {
    os::SimulatedDisk disk({.seed = n});
    std::map<std::uint64_t, std::uint64_t> acked;
    bool crashed = false;
    {
      TestIngest ingest(disk);
      disk.CrashAt(n);
      for (std::uint64_t i = 1; i <= kRequests; ++i) {
        const auto outcome = ingest.Send(LogsRequest(std::vector(i, kTime + i), "row"));
        if (outcome.status) acked[outcome.receipt] = i;
      }
      crashed = disk.crashed();
    }
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
      const auto after = disk.AfterPowerLoss(seed + n * 10);
      TestIngest ingest(*after);
      const RowList rows = ingest.Rows();
      std::map<std::uint64_t, std::uint64_t> found(rows.begin(), rows.end());
      ASSERT_EQ(found.size(), rows.size()) << "crash at " << n << " seed " << seed;
      for (const auto& [receipt, records] : acked) {
        ASSERT_EQ(found[receipt], records) << "crash at " << n << " seed " << seed;
      }
      ASSERT_LE(found.size(), kRequests);
      ++states;
    }
    if (!crashed) break;
  }
  EXPECT_GT(states, 20U);
}

TEST(Pipeline, AFailedWriteIsNoAckAndIngestComesBack) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  ASSERT_TRUE(ingest.Send(LogsRequest({kTime}, "before")).status);
  disk.FailChangeAt(1, EIO, os::SimulatedDisk::Repeat::kForEver);
  const IngestOutcome failed = ingest.Send(LogsRequest({kTime + 1}, "failed"));
  ASSERT_FALSE(failed.status);
  EXPECT_EQ(ingest.Rows().size(), 1U);
  disk.ClearFault();
  // The log tries to come back when it is asked, at most once a second, on its own thread.
  ingest.clock().Advance(std::chrono::seconds(2));
  IngestOutcome back = ingest.Send(LogsRequest({kTime + 2}, "back"));
  while (!back.status && !ingest.log().healthy()) std::this_thread::yield();
  if (!back.status) back = ingest.Send(LogsRequest({kTime + 2}, "back"));
  ASSERT_TRUE(back.status) << back.status.error().message;
  EXPECT_EQ(ingest.Rows().size(), 2U);
}

}  // namespace
}  // namespace strata::ingest
