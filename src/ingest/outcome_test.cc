// What senders hear, in the rarer cases.
#include <cerrno>
#include <semaphore>

#include <gtest/gtest.h>

#include "ingest/test_request.h"

namespace strata::ingest {
namespace {

constexpr std::uint64_t kTime = 1'700'000'000'000'000'000;
constexpr const char* kNoText = "\xff";  // not UTF-8: the record is rejected

IngestRequest RequestOf(const std::string& payload, const std::string& key = {}) {
  return {.kind = model::Kind::kLogs,
          .namespace_name = "default",
          .idempotency_key = key,
          .payload = Buffer::CopyOf(AsBytes(payload))};
}

TEST(Outcome, OfJson) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  const IngestOutcome stored = ingest.Send(
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]})", {},
      Encoding::kJson);
  ASSERT_TRUE(stored.status) << stored.status.error().message;
  EXPECT_EQ(ingest.Rows().size(), 1U);
  EXPECT_EQ(ingest.Send("{", {}, Encoding::kJson).status.error().code, Code::kInvalidInput);
  const IngestOutcome empty = ingest.Send("", {}, Encoding::kJson);
  EXPECT_TRUE(empty.status);
  EXPECT_EQ(empty.receipt, 0U);
}

TEST(Outcome, OfARequestWhoseRecordsAreAllRejected) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  const IngestOutcome outcome = ingest.Send(LogsRequest({kTime, kTime + 1}, kNoText));
  ASSERT_TRUE(outcome.status);
  EXPECT_EQ(outcome.rejected, 2U);
  EXPECT_EQ(outcome.receipt, 0U);
  EXPECT_NE(outcome.message, "");
  EXPECT_TRUE(ingest.Rows().empty());
}

// The repetition is told of the same rejected records as the first.
TEST(Outcome, OfARepetitionWithRejectedRecords) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  const std::string request = LogsRequest({kTime}, "good") + LogsRequest({kTime + 1}, kNoText);
  const IngestOutcome first = ingest.Send(request, "key");
  ASSERT_TRUE(first.status);
  EXPECT_EQ(first.rejected, 1U);
  const IngestOutcome again = ingest.Send(request, "key");
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.receipt, first.receipt);
  EXPECT_EQ(again.rejected, 1U);
  EXPECT_EQ(again.message, first.message);
}

TEST(Outcome, WhenMemoryIsFullSomebodyIsTold) {
  os::SimulatedDisk disk;
  int told = 0;
  TestIngest ingest(disk, {.hot_bytes_max = 1, .on_full = [&] { ++told; }});
  ASSERT_TRUE(ingest.Send(LogsRequest({kTime}, "x")).status);
  const IngestOutcome refused = ingest.Send(LogsRequest({kTime + 1}, "x"));
  EXPECT_EQ(refused.status.error().code, Code::kExhausted);
  EXPECT_TRUE(refused.retry_after.has_value());
  EXPECT_EQ(told, 1);
}

TEST(Outcome, OfARequestThatTheLogDoesNotTake) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  const IngestOutcome large = ingest.Send(LogsRequest({kTime}, std::string(300'000, 'x')));
  EXPECT_EQ(large.status.error().code, Code::kTooLarge);
  EXPECT_FALSE(large.retry_after.has_value());
  EXPECT_TRUE(ingest.Rows().empty());
}

// Requests that are in flight together: the committer is held in the answer to the one before.
class Together {
 public:
  explicit Together(TestIngest& ingest) : ingest_(ingest) {
    ingest.pipeline().Ingest(RequestOf(LogsRequest({kTime}, "the one before")),
                             [this](IngestOutcome&&) {
                               held_.release();
                               gate_.acquire();
                             });
    held_.acquire();
  }
  void Send(const std::string& payload, const std::string& key) {
    ++sent_;
    ingest_.pipeline().Ingest(RequestOf(payload, key), outcomes_.Expect());
  }
  std::vector<IngestOutcome> Outcomes() {
    gate_.release();
    return outcomes_.Wait(sent_);
  }

 private:
  TestIngest& ingest_;
  std::binary_semaphore held_{0};
  std::binary_semaphore gate_{0};
  std::size_t sent_ = 0;
  ingest::Outcomes outcomes_;
};

TEST(Outcome, OfAKeyThatIsUsedTwiceAtOnce) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  Together together(ingest);
  together.Send(LogsRequest({0}, "one"), "key");
  together.Send(LogsRequest({0}, "one"), "key");
  together.Send(LogsRequest({0}, "another"), "key");
  const auto outcomes = together.Outcomes();
  ASSERT_TRUE(outcomes[0].status);
  EXPECT_FALSE(outcomes[0].duplicate);
  ASSERT_TRUE(outcomes[1].status);
  EXPECT_TRUE(outcomes[1].duplicate);
  EXPECT_EQ(outcomes[1].receipt, outcomes[0].receipt);
  ASSERT_FALSE(outcomes[2].status);
  EXPECT_EQ(outcomes[2].status.error().code, Code::kConflict);
  EXPECT_EQ(ingest.Rows().size(), 2U);
}

TEST(Outcome, OfTwinsWhoseFirstFails) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  Together together(ingest);
  together.Send(LogsRequest({kTime}, "twin"), "");
  together.Send(LogsRequest({kTime}, "twin"), "");
  disk.FailChangeAt(1, EIO, os::SimulatedDisk::Repeat::kForEver);
  for (const IngestOutcome& outcome : together.Outcomes()) {
    ASSERT_FALSE(outcome.status);
    EXPECT_EQ(outcome.status.error().code, Code::kUnavailable);
    EXPECT_TRUE(outcome.retry_after.has_value());
  }
  disk.ClearFault();
  EXPECT_EQ(ingest.Rows().size(), 1U);
}

}  // namespace
}  // namespace strata::ingest
