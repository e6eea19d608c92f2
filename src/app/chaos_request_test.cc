#include "app/chaos_request.h"

#include <set>

#include <gtest/gtest.h>

#include "app/chaos_points.h"
#include "wire/otlp_encode.h"
#include "wire/otlp_json.h"

namespace strata::app {
namespace {

constexpr std::int64_t kBase = 1'763'600'000'000'000'000;

TEST(ChaosRequests, BothEncodingsSayTheSame) {
  const ChaosRequests requests(7, kBase);
  for (std::uint64_t number = 0; number < 300; ++number) {
    const ChaosRequest request = requests.Make({.client = 3, .number = number});
    auto json = wire::OtlpJsonToProtobuf(request.kind, AsBytes(request.json), 64_MiB);
    ASSERT_TRUE(json) << json.error().message << request.json;
    const auto from_json = wire::CanonicalOtlp(request.kind, *json);
    const auto from_protobuf = wire::CanonicalOtlp(request.kind, AsBytes(request.protobuf));
    ASSERT_TRUE(from_json && from_protobuf);
    ASSERT_EQ(*from_json, *from_protobuf) << request.json;
    ASSERT_EQ(*wire::CountRecords(request.kind, AsBytes(request.protobuf)), request.rows.size());
  }
}

TEST(ChaosRequests, FollowFromSeedClientAndNumber) {
  std::set<std::string> bodies;
  for (const std::uint64_t seed : {1, 2}) {
    for (std::uint32_t client = 0; client < 3; ++client) {
      for (std::uint64_t number = 0; number < 50; ++number) {
        const ChaosRequestId id{.client = client, .number = number};
        const std::string body = ChaosRequests(seed, kBase).Make(id).protobuf;
        EXPECT_EQ(ChaosRequests(seed, kBase).Make(id).protobuf, body);
        EXPECT_TRUE(bodies.insert(body).second) << "seed " << seed << " request " << id.Text();
      }
    }
  }
}

TEST(PointWalk, VisitsEachAndReturnsToWhatWasMissed) {
  constexpr auto kTemper = ChaosTemper::kSealing;
  PointWalk walk({"a", "b", "store.open.orphan_removed"}, 1);
  std::set<std::string> visited;
  for (int i = 0; i < 3; ++i) {
    const auto visit = walk.Next(kTemper, false);
    ASSERT_TRUE(visit);
    visited.insert(visit->point);
    EXPECT_EQ(visit->before.empty(), visit->point != "store.open.orphan_removed");
    visit->point == "a" ? walk.NoteMissed("a") : walk.NoteReached(visit->point);
  }
  EXPECT_EQ(visited.size(), 3U);
  EXPECT_EQ(walk.Unreached(), std::vector<std::string>{"a"});
  int more = 0;
  while (const auto visit = walk.Next(kTemper, false)) {
    EXPECT_EQ(visit->point, "a");
    EXPECT_EQ(visit->pass, 1U);
    walk.NoteMissed("a");
    ++more;
  }
  EXPECT_GT(more, 0) << "a point that was missed once is tried again";
  EXPECT_EQ(walk.reached(), 2U);
}

TEST(PointWalk, WaitsForTheDirectoryThatAPointNeeds) {
  PointWalk walk({"store.carry.synced", "ingest.define.settled"}, 1);
  EXPECT_FALSE(walk.Next(ChaosTemper::kSealing, false));
  EXPECT_EQ(walk.Next(ChaosTemper::kSealing, true)->point, "ingest.define.settled");
  EXPECT_EQ(walk.Next(ChaosTemper::kCarrying, false)->point, "store.carry.synced");
}

}  // namespace
}  // namespace strata::app
