// The decisions: what is sealed, merged and dropped, and when.
#include <gtest/gtest.h>

#include "model/row_writer.h"
#include "store/merge_plan.h"
#include "store/retention.h"
#include "store/seal_plan.h"
#include "store/test_rig.h"

namespace strata::store {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const MonotonicTime kNow{hours(1000)};

hot::CollectionState State(model::CollectionId id, std::uint64_t rows, std::uint64_t bytes,
                           Duration age) {
  hot::CollectionState state;
  state.id = id;
  state.unsealed_rows = rows;
  state.unsealed_bytes = bytes;
  state.first_unsealed = id;
  state.last = 100 + id;
  state.oldest_unsealed = kNow - age;
  return state;
}

std::string Plan(const std::vector<hot::CollectionState>& states, SealPressure pressure = {}) {
  std::string plan;
  for (const SealTask& task : PlanSeals(states, kNow, SealConfig(), CarryConfig(), pressure)) {
    plan += std::to_string(task.state.id) + ":" + std::string(SealReasonName(task.reason)) + " ";
  }
  return plan;
}

TEST(SealPlan, EachReason) {
  EXPECT_EQ(Plan({State(1, 1'000'000, 10, {})}), "1:rows ");
  EXPECT_EQ(Plan({State(1, 10, 256_MiB, {})}), "1:bytes ");
  EXPECT_EQ(Plan({State(1, 20'000, 10, minutes(5))}), "1:age ");
  EXPECT_EQ(Plan({State(1, 20'000, 10, minutes(4))}), "");
  EXPECT_EQ(Plan({State(1, 19'999, 10, minutes(59))}), "") << "few rows: one part an hour";
  EXPECT_EQ(Plan({State(1, 19'999, 10, minutes(60))}), "1:age ");
  EXPECT_EQ(Plan({State(1, 999, 10, hours(23))}), "") << "next to nothing: one part a day";
  EXPECT_EQ(Plan({State(1, 999, 10, hours(24))}), "1:age ");
  hot::CollectionState idle = State(1, 0, 10, hours(1000));
  idle.first_unsealed = 0;
  EXPECT_EQ(Plan({idle}), "");
}

TEST(SealPlan, MemoryTakesTheLargest) {
  const std::vector<hot::CollectionState> states = {
      State(1, 100, 1_MiB, {}), State(2, 100, 9_MiB, {}), State(3, 100, 3_MiB, {})};
  EXPECT_EQ(Plan(states, {.memory_excess_bytes = 1}), "2:memory ");
  EXPECT_EQ(Plan(states, {.memory_excess_bytes = 10_MiB}), "2:memory 3:memory ");
  EXPECT_EQ(Plan(states, {.memory_excess_bytes = 1_GiB}), "2:memory 3:memory 1:memory ");
}

TEST(SealPlan, TheLogTakesTheLargeAndCarriesTheRest) {
  const std::vector<hot::CollectionState> states = {
      State(1, 25'000, 9_MiB, {}), State(2, 100, 1_MiB, {}), State(3, 100, 1_MiB, {}),
      State(50, 25'000, 9_MiB, {})};
  EXPECT_EQ(Plan(states, {.log_needs = 10}), "1:log ") << "50 does not hold those segments";
  std::vector<hot::CollectionState> many;
  for (model::CollectionId id = 1; id <= 100; ++id) many.push_back(State(id, 100, 1_MiB, {}));
  std::size_t sealed = 0;
  for (const SealTask& task :
       PlanSeals(many, kNow, SealConfig(), CarryConfig(), {.log_needs = 1000})) {
    EXPECT_EQ(task.reason, SealReason::kLog);
    ++sealed;
  }
  EXPECT_EQ(sealed, 36U) << "until what is left fits a carry file of 64 MiB";
}

TEST(PartEnd, NeverSplitsARequest) {
  ManualClock clock;
  hot::Hot hot({.lanes_max = 2}, clock);
  const model::Collection logs{.id = 1, .namespace_name = "n", .name = "c"};
  Position position = 0;
  for (const int rows : {10, 300, 10, 10, 1000, 5}) {
    hot::LaneLease lease = hot.Lease(logs);
    model::RowWriter writer(lease.source());
    for (int i = 0; i < rows; ++i) {
      writer.BeginRow();
      writer.CommitRow();
    }
    lease.Take(writer).Publish(++position);
  }
  const auto all = hot.Slices(1, 0, position);
  EXPECT_EQ(PartEnd(all, 5000), 6U);
  EXPECT_EQ(PartEnd(all, 330), 4U);
  EXPECT_EQ(PartEnd(all, 329), 3U);
  EXPECT_EQ(PartEnd(all, 5), 1U) << "a request that is too large goes alone";
  EXPECT_EQ(PartEnd(hot.Slices(1, 4, position), 5), 5U);
}

// A day, a week or a year of parts, merged as the merger would, with the rows that it wrote again.
struct MergeSimulation {
  std::vector<PartPtr> parts;
  MergeConfig config;
  std::uint64_t rows = 0;
  std::uint64_t rewritten = 0;
  Position next = 1;

  void Add(std::uint64_t count, std::int64_t now_ns) {
    parts.push_back(Make(count, next, now_ns, now_ns));
    ++next;
    rows += count;
    const MergeLimits limits{config.target_rows, config.large_rows, config.inputs_max,
                             config.span_max};
    while (const auto range = PlanMerge(parts, limits, [](const Part&) { return true; })) {
      Merge(*range);
    }
  }
  static PartPtr Make(std::uint64_t count, Position position, std::int64_t first,
                      std::int64_t last) {
    duck::PartInfo info;
    info.rows = count;
    info.min_position = info.max_position = position;
    return std::make_shared<const Part>(Part{.collection = 1,
                                             .path = "",
                                             .first_arrival_ns = first,
                                             .last_arrival_ns = last,
                                             .info = std::make_shared<const duck::PartInfo>(info)});
  }
  void Merge(MergeRange range) {
    std::uint64_t count = 0;
    for (std::size_t i = range.begin; i < range.end; ++i) count += parts[i]->rows();
    EXPECT_LE(count, config.target_rows);
    rewritten += count;
    const PartPtr merged =
        Make(count, parts[range.begin]->min_position(), parts[range.begin]->first_arrival_ns,
             parts[range.end - 1]->last_arrival_ns);
    const auto begin = parts.begin() + static_cast<std::ptrdiff_t>(range.begin);
    *begin = merged;
    parts.erase(begin + 1, begin + static_cast<std::ptrdiff_t>(range.count()));
  }
  double Rewrites() const { return static_cast<double>(rewritten) / static_cast<double>(rows); }
};

TEST(MergePlan, ADayOfSteadyLoadLeavesTensOfFiles) {
  struct Case {
    std::uint64_t rows;
    std::size_t files_max;
    double rewrites_max;
  };
  const Case cases[] = {{1'000, 25, 3},   {5'000, 20, 3},   {30'000, 20, 2.1},
                        {100'000, 45, 1}, {300'000, 55, 1}, {499'999, 75, 1}};
  for (const auto& [rows, files_max, rewrites_max] : cases) {
    MergeSimulation day;
    for (int i = 0; i < 288; ++i) day.Add(rows, i * Duration(minutes(5)).count());
    EXPECT_LE(day.parts.size(), files_max) << rows;
    EXPECT_LE(day.Rewrites(), rewrites_max) << rows;
    std::printf("288 parts of %llu rows: %zu files, each row rewritten %.2f times\n",
                static_cast<unsigned long long>(rows), day.parts.size(), day.Rewrites());
  }
}

TEST(MergePlan, LargePartsAreLeftAlone) {
  MergeSimulation heavy;
  for (int i = 0; i < 1000; ++i) heavy.Add(500'000, i);
  EXPECT_EQ(heavy.parts.size(), 1000U);
  EXPECT_EQ(heavy.rewritten, 0U);
}

TEST(MergePlan, ASmallCollectionStaysAFewFiles) {
  MergeSimulation year;
  std::size_t most = 0;
  for (int i = 0; i < 24 * 365; ++i) {
    year.Add(15'000, i * Duration(hours(1)).count());
    most = std::max(most, year.parts.size());
  }
  // 131 million rows, 500,000 and more in most parts.
  EXPECT_LE(most, 200U);
  MergeSimulation tiny;
  for (int i = 0; i < 365; ++i) tiny.Add(50, i * Duration(hours(24)).count());
  EXPECT_LE(tiny.parts.size(), 100U);
}

TEST(MergePlan, RespectsTheSpanAndWhoIsLeftAlone) {
  std::vector<PartPtr> parts;
  for (int i = 0; i < 8; ++i) {
    const std::int64_t at = i * Duration(hours(1)).count();
    parts.push_back(MergeSimulation::Make(100, static_cast<Position>(i + 1), at, at));
  }
  MergeLimits limits{1000, 500, 64, hours(2)};
  const auto anybody = [](const Part&) { return true; };
  EXPECT_FALSE(PlanMerge(parts, limits, anybody));
  limits.span_max = hours(3);
  const auto range = PlanMerge(parts, limits, anybody);
  ASSERT_TRUE(range);
  EXPECT_EQ(range->count(), 4U);
  EXPECT_FALSE(PlanMerge(parts, limits, [](const Part& p) { return p.min_position() % 4 != 0; }));
}

TEST(Retention, AgeCountsFromTheYoungestRow) {
  const auto make = [](Position position, std::int64_t arrival, std::int64_t min_time,
                       std::int64_t max_time) {
    duck::PartInfo info;
    info.rows = 1;
    info.min_position = info.max_position = position;
    info.min_time = min_time;
    info.max_time = max_time;
    return std::make_shared<const Part>(Part{.collection = 1,
                                             .path = std::to_string(position),
                                             .first_arrival_ns = arrival,
                                             .last_arrival_ns = arrival,
                                             .info = std::make_shared<const duck::PartInfo>(info)});
  };
  const std::int64_t hour = Duration(hours(1)).count();
  auto parts = std::make_shared<CollectionParts>();
  parts->collection = {.id = 1, .namespace_name = "n", .name = "c"};
  const std::int64_t none_min = std::numeric_limits<std::int64_t>::max();
  const std::int64_t none_max = std::numeric_limits<std::int64_t>::min();
  parts->parts = {make(1, 100 * hour, 90 * hour, 99 * hour),   // as it comes
                  make(2, 100 * hour, none_min, none_max),     // without event times
                  make(3, 100 * hour, 90 * hour, 110 * hour),  // ten hours ahead
                  make(4, 100 * hour, 0, 1'000'000 * hour),    // a clock gone wrong
                  make(5, 130 * hour, hour, 2 * hour)};        // came late: kept from arrival on
  auto state = std::make_shared<ManifestSnapshot>();
  state->collections = {parts};
  const ManifestPtr manifests[] = {state};
  RetentionConfig config;
  const auto plan = [&](std::int64_t now) {
    std::string dropped;
    for (const RetentionDrop& drop : PlanRetention(manifests, config, now)) {
      dropped += drop.part->path;
    }
    return dropped;
  };
  EXPECT_EQ(plan(1'000'000 * hour), "") << "0 keeps for ever";
  config.by_kind[static_cast<std::size_t>(model::Kind::kLogs)] = hours(50);
  EXPECT_EQ(plan(150 * hour), "");
  EXPECT_EQ(plan(150 * hour + 1), "12");
  EXPECT_EQ(plan(160 * hour + 1), "123");
  EXPECT_EQ(plan(174 * hour + 1), "1234") << "a day ahead is believed, more is not";
  EXPECT_EQ(plan(180 * hour + 1), "12345");
  config.by_collection["n/c"] = Duration::zero();
  EXPECT_EQ(plan(180 * hour + 1), "") << "the collection's own goes before the kind's";
}

}  // namespace
}  // namespace strata::store
