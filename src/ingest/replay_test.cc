#include "ingest/replay.h"

#include <gtest/gtest.h>

#include "ingest/test_request.h"
#include "wire/limits.h"

namespace strata::ingest {
namespace {

constexpr std::uint64_t kTime = 1'763'600'000'000'000'000;
constexpr model::CollectionId kBusy = 1;
constexpr model::CollectionId kQuiet = 2;

struct Frame {
  wal::Position position;
  model::CollectionId collection;
  std::size_t records;
};

wal::FrameBatch BatchOf(const std::vector<Frame>& frames) {
  auto payloads = std::make_shared<std::deque<std::string>>();
  wal::FrameBatch batch;
  for (const Frame& frame : frames) {
    payloads->push_back(LogsRequest(std::vector<std::uint64_t>(frame.records, kTime), "text"));
    batch.frames.push_back({.position = frame.position,
                            .info = {.type = wal::FrameType::kRecords,
                                     .collection_id = frame.collection,
                                     .record_count = static_cast<std::uint32_t>(frame.records),
                                     .limits_fingerprint = wire::Limits{}.Fingerprint()},
                            .payload = AsBytes(payloads->back())});
  }
  batch.storage = payloads;
  return batch;
}

// Found by the suite `kill` (seed 1 at 719bec0): rows that were not found any more, and a sealer
// that found other rows than it was told.
TEST(Replay, AWorkerThatBeginsLateGetsALaneOfItsOwn) {
  hot::Hot hot({.lanes_max = 2}, SystemClock());
  model::CollectionTable table;
  for (const auto id : {kBusy, kQuiet}) {
    ASSERT_TRUE(table.Restore({.id = id,
                               .namespace_name = "of-" + std::to_string(id),
                               .name = "logs",
                               .kind = model::Kind::kLogs}));
  }
  Replayer replayer(hot, table, 2);
  // The second worker comes to the quiet collection when the first one has long ended.
  ASSERT_TRUE(replayer.Add(BatchOf({{1, kBusy, 1}})));
  ASSERT_TRUE(replayer.Add(BatchOf({{2, kBusy, 300'000}, {3, kQuiet, 1}})));
  ASSERT_TRUE(replayer.Add(BatchOf({{4, kQuiet, 1}})));
  const auto report = replayer.Finish();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->frames, 4U);
  std::uint64_t rows = 0;
  for (const model::BlockSlice& slice : hot.Slices(kQuiet, 0, 4)) {
    EXPECT_EQ(slice.last_run - slice.first_run, 1U) << "two workers have filled one lane";
    rows += slice.RowCount();
  }
  EXPECT_EQ(rows, 2U);
}

TEST(Replay, AStopDoesNotWaitForALongLog) {
  hot::Hot hot({}, SystemClock());
  model::CollectionTable table;
  ASSERT_TRUE(table.Restore(
      {.id = kBusy, .namespace_name = "prod", .name = "logs", .kind = model::Kind::kLogs}));
  int batches = 0;
  Replayer replayer(hot, table, 1, [&] { return ++batches < 3; });
  EXPECT_TRUE(replayer.Add(BatchOf({{1, kBusy, 1}})));
  EXPECT_TRUE(replayer.Add(BatchOf({{2, kBusy, 1}})));
  const Status stopped = replayer.Add(BatchOf({{3, kBusy, 1}}));
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::kUnavailable);
  const auto report = replayer.Finish();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->frames, 2U) << "what was taken before is decoded";
}

}  // namespace
}  // namespace strata::ingest
