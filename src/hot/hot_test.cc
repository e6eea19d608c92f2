#include "hot/hot.h"

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace strata::hot {
namespace {

using model::Collection;
using model::Kind;
using model::RowWriter;

class ManualClock final : public Clock {
 public:
  std::int64_t WallNanos() const override { return 0; }
  MonotonicTime Monotonic() const override {
    return MonotonicTime(std::chrono::seconds(1000)) + std::chrono::nanoseconds(offset_.load());
  }
  void Advance(std::chrono::nanoseconds by) { offset_ += by.count(); }

 private:
  std::atomic<std::int64_t> offset_{0};
};

const Collection kLogs{.id = 1, .namespace_name = "default", .name = "logs", .kind = Kind::kLogs};

// One request of `rows` log records whose body is "<tag>-<n>"; `after_row` is called after each.
PendingRows Write(Hot& hot, const Collection& collection, int rows, const std::string& tag,
                  std::optional<LaneLease>* keep = nullptr,
                  const std::function<void()>& after_row = {}) {
  LaneLease lease = hot.Lease(collection);
  RowWriter writer(lease.source());
  for (int i = 0; i < rows; ++i) {
    writer.BeginRow();
    writer.Set<std::uint32_t>(model::kOrdinal, static_cast<std::uint32_t>(i));
    writer.SetText(model::kLogBody, tag + "-" + std::to_string(i));
    writer.CommitRow();
    if (after_row) after_row();
  }
  PendingRows pending = lease.Take(writer);
  if (keep != nullptr) keep->emplace(std::move(lease));
  return pending;
}

// As the sealer does, beside whoever writes.
void EvictElsewhere(Hot& hot) {
  std::thread([&hot] { hot.Evict(/*all=*/true); }).join();
}

std::uint64_t Count(const std::vector<model::BlockSlice>& slices) {
  std::uint64_t rows = 0;
  for (const auto& slice : slices) rows += slice.RowCount();
  return rows;
}

struct HotTest : testing::Test {
  ManualClock clock;
  Config config{.memory_bytes = 1 << 20, .retention = std::chrono::hours(1)};
};

TEST_F(HotTest, RowsAreVisibleFromTheirPositionOn) {
  Hot hot(config, clock);
  PendingRows first = Write(hot, kLogs, 10, "a");
  PendingRows second = Write(hot, kLogs, 5, "b");
  EXPECT_EQ(Count(hot.Slices(1, 0, 100)), 0U);
  first.Publish(1);
  EXPECT_EQ(Count(hot.Slices(1, 0, 100)), 10U);
  second.Publish(2);
  EXPECT_EQ(Count(hot.Slices(1, 0, 1)), 10U);
  EXPECT_EQ(Count(hot.Slices(1, 1, 2)), 5U);
  EXPECT_EQ(Count(hot.Slices(1, 0, 2)), 15U);
  EXPECT_EQ(Count(hot.Slices(2, 0, 2)), 0U);
}

TEST_F(HotTest, RowsThatWereGivenUpStayInvisible) {
  Hot hot(config, clock);
  PendingRows lost = Write(hot, kLogs, 10, "lost");
  PendingRows kept = Write(hot, kLogs, 3, "kept");
  lost = {};
  kept.Publish(1);
  const auto slices = hot.Slices(1, 0, 1);
  ASSERT_EQ(slices.size(), 1U);
  const model::Run& run = slices[0].block->runs()[slices[0].first_run];
  EXPECT_EQ(run.begin, 10U);
  const model::Column& body = slices[0].block->fixed(model::kLogBody);
  EXPECT_EQ(body.TextAt(*body.chunk(0), run.begin), "kept-0");
}

TEST_F(HotTest, ARequestMaySpanBlocks) {
  Hot hot(config, clock);
  PendingRows rows = Write(hot, kLogs, 100'000, "x");
  rows.Publish(1);
  EXPECT_EQ(Count(hot.Slices(1, 0, 1)), 100'000U);
  EXPECT_GT(hot.Slices(1, 0, 1).size(), 3U);
}

TEST_F(HotTest, ASecondLaneExistsOnlyWhileTheFirstIsBusy) {
  Hot hot(config, clock);
  std::optional<LaneLease> busy;
  PendingRows first = Write(hot, kLogs, 1, "a", &busy);
  PendingRows second = Write(hot, kLogs, 1, "b");
  busy.reset();
  PendingRows third = Write(hot, kLogs, 1, "c");
  first.Publish(1);
  second.Publish(2);
  third.Publish(3);
  EXPECT_EQ(hot.Slices(1, 0, 3).size(), 2U);
  EXPECT_EQ(Count(hot.Slices(1, 0, 3)), 3U);
}

TEST_F(HotTest, OnlyWhatIsSealedIsEvicted) {
  Hot hot(config, clock);
  for (Position p = 1; p <= 50; ++p) Write(hot, kLogs, 1000, "row").Publish(p);
  ASSERT_GT(hot.bytes(), config.memory_bytes);
  EXPECT_EQ(hot.Evict(), 0U);
  EXPECT_EQ(Count(hot.Slices(1, 0, 50)), 50'000U);

  hot.SetSealed(1, 30);
  EXPECT_GT(hot.Evict(), 0U);
  const Position floor = hot.Floor(1);
  EXPECT_GT(floor, 0U);
  EXPECT_LE(floor, 30U);
  // Above the floor nothing is missing.
  EXPECT_EQ(Count(hot.Slices(1, floor, 50)), (50 - floor) * 1000);
}

TEST_F(HotTest, AReaderKeepsWhatItHolds) {
  Hot hot(config, clock);
  Write(hot, kLogs, 10, "held").Publish(1);
  const auto slices = hot.Slices(1, 0, 1);
  hot.SetSealed(1, 1);
  EXPECT_GT(hot.Evict(/*all=*/true), 0U);
  EXPECT_TRUE(hot.Slices(1, 0, 1).empty());
  const model::Column& body = slices[0].block->fixed(model::kLogBody);
  EXPECT_EQ(body.TextAt(*body.chunk(0), 9), "held-9");
}

TEST_F(HotTest, AReloadChangesWhatIsEvicted) {
  Hot hot({.memory_bytes = 1 << 30, .retention = std::chrono::hours(1)}, clock);
  Write(hot, kLogs, 100, "a").Publish(1);
  hot.SetSealed(kLogs.id, 1);
  EXPECT_EQ(hot.Evict(), 0U);
  hot.Configure({.memory_bytes = 1, .retention = std::chrono::hours(1)});
  EXPECT_GT(hot.Evict(), 0U);
}

TEST_F(HotTest, RowsOnTheirWayAreNotEvicted) {
  Hot hot(config, clock);
  Write(hot, kLogs, 10, "a").Publish(1);
  PendingRows pending = Write(hot, kLogs, 10, "b");
  hot.SetSealed(1, 1);
  EXPECT_EQ(hot.Evict(/*all=*/true), 0U);
  pending.Publish(2);
  EXPECT_EQ(Count(hot.Slices(1, 1, 2)), 10U);
}

// A request that fills up one block and goes on in the next has written rows that no run names yet:
// the first block looks wholly sealed.
TEST_F(HotTest, AFullBlockStaysWhileARequestThatBeganInItIsBeingWritten) {
  Hot hot(config, clock);
  Write(hot, kLogs, 60, "a").Publish(1);
  hot.SetSealed(1, 1);
  PendingRows spanning = Write(hot, kLogs, 100, "b", nullptr, [&] { EvictElsewhere(hot); });
  EXPECT_EQ(hot.Evict(/*all=*/true), 0U);
  spanning.Publish(2);
  EXPECT_EQ(Count(hot.Slices(1, 1, 2)), 100U);
  hot.SetSealed(1, 2);
  hot.Evict(/*all=*/true);
  EXPECT_EQ(hot.bytes(), 0U);
}

TEST_F(HotTest, BlocksThatOneRequestFilledStayUntilItIsPublished) {
  Hot hot(config, clock);
  PendingRows large = Write(hot, kLogs, 600, "x", nullptr, [&] { EvictElsewhere(hot); });
  large.Publish(1);
  EXPECT_EQ(Count(hot.Slices(1, 0, 1)), 600U);
}

TEST_F(HotTest, BlocksOfARequestThatWasGivenUpAreEvicted) {
  Hot hot(config, clock);
  Write(hot, kLogs, 600, "x") = {};
  EXPECT_GT(hot.Evict(/*all=*/true), 0U);
  EXPECT_EQ(hot.bytes(), 0U);
}

TEST_F(HotTest, SealedBlocksGoWhenTheyAreOld) {
  Hot hot(config, clock);
  Write(hot, kLogs, 10, "a").Publish(1);
  hot.SetSealed(1, 1);
  EXPECT_EQ(hot.Evict(), 0U);
  clock.Advance(std::chrono::minutes(61));
  EXPECT_GT(hot.Evict(), 0U);
  EXPECT_EQ(hot.bytes(), 0U);
}

TEST_F(HotTest, StatesTellWhatIsUnsealed) {
  Hot hot(config, clock);
  Write(hot, kLogs, 10, "a").Publish(4);
  clock.Advance(std::chrono::seconds(5));
  Write(hot, kLogs, 7, "b").Publish(6);
  auto state = hot.States().at(0);
  EXPECT_EQ(state.rows, 17U);
  EXPECT_EQ(state.unsealed_rows, 17U);
  EXPECT_EQ(state.first, 4U);
  EXPECT_EQ(state.last, 6U);
  EXPECT_EQ(state.first_unsealed, 4U);
  EXPECT_EQ(clock.Monotonic() - state.oldest_unsealed, std::chrono::seconds(5));

  hot.SetSealed(1, 4);
  state = hot.States().at(0);
  EXPECT_EQ(state.unsealed_rows, 7U);
  EXPECT_EQ(state.first_unsealed, 6U);
  hot.SetSealed(1, 6);
  state = hot.States().at(0);
  EXPECT_EQ(state.first_unsealed, 0U);
  EXPECT_EQ(state.unsealed_bytes, 0U);
}

TEST_F(HotTest, AnIdleCollectionCostsLittle) {
  Hot hot(config, clock);
  const Collection quiet{.id = 9, .namespace_name = "q", .name = "logs", .kind = Kind::kLogs};
  Write(hot, quiet, 1, "a").Publish(1);
  EXPECT_LE(hot.bytes(), 64U << 10);
  hot.SetSealed(9, 1);
  hot.Evict(/*all=*/true);
  EXPECT_EQ(hot.bytes(), 0U);
}

// One writer and publisher, an evictor, and a reader that must see a gap-free prefix at all times.
TEST_F(HotTest, ReadersSeeAGapFreePrefixWhileBlocksComeAndGo) {
  Hot hot(config, clock);
  constexpr Position kLast = 3000;
  constexpr int kRows = 50;
  std::atomic<Position> published{0};
  std::thread writer([&] {
    for (Position p = 1; p <= kLast; ++p) {
      Write(hot, kLogs, kRows, "row").Publish(p);
      published.store(p, std::memory_order_release);
    }
  });
  std::thread evictor([&] {
    while (published.load() < kLast) {
      hot.SetSealed(1, published.load() / 2);
      hot.Evict();
      std::this_thread::yield();
    }
  });
  std::uint64_t reads = 0;
  while (published.load(std::memory_order_acquire) < kLast || reads == 0) {
    const Position floor = hot.Floor(1);
    const Position seen = published.load(std::memory_order_acquire);
    const auto slices = hot.Slices(1, floor, seen);
    if (hot.Floor(1) > floor) continue;
    ASSERT_EQ(Count(slices), (seen - std::min(floor, seen)) * kRows);
    ++reads;
  }
  writer.join();
  evictor.join();
}

}  // namespace
}  // namespace strata::hot
