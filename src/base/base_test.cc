#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/hash.h"
#include "base/units.h"
#include "base/wall_time.h"

namespace strata {
namespace {

TEST(Crc32c, MatchesTheVectorsOfRfc3720) {
  EXPECT_EQ(Crc32c(Bytes(32, std::byte{0})), 0x8A9136AAU);
  EXPECT_EQ(Crc32c(Bytes(32, std::byte{0xFF})), 0x62A8AB43U);
  EXPECT_EQ(Crc32c(AsBytes("123456789")), 0xE3069283U);
}

TEST(Crc32c, ContinuesFromASeed) {
  EXPECT_EQ(Crc32c(AsBytes("6789"), Crc32c(AsBytes("12345"))), Crc32c(AsBytes("123456789")));
}

TEST(Units, SizesRoundTrip) {
  for (const char* text : {"0B", "1B", "1000B", "64KiB", "20MiB", "1GiB", "3TB"}) {
    auto bytes = ParseSize(text);
    ASSERT_TRUE(bytes) << text;
    EXPECT_EQ(*ParseSize(FormatSize(*bytes)), *bytes) << text;
  }
  EXPECT_EQ(*ParseSize("512MiB"), 512_MiB);
  EXPECT_EQ(*ParseSize("77"), 77U);
}

TEST(Units, DurationsRoundTrip) {
  EXPECT_EQ(*ParseDuration("250ms"), std::chrono::milliseconds(250));
  EXPECT_EQ(*ParseDuration("30d"), std::chrono::hours(720));
  EXPECT_EQ(FormatDuration(std::chrono::hours(1)), "1h");
}

TEST(Units, ErrorsNameWhatIsAccepted) {
  EXPECT_EQ(ParseSize("12parsecs").error().message,
            "'12parsecs' has no unit of size: use one of B, KB, MB, GB, TB, KiB, MiB, GiB, TiB");
  EXPECT_FALSE(ParseSize("-1MiB"));
  EXPECT_FALSE(ParseSize("999999999999TiB"));
  EXPECT_FALSE(ParseDuration("15"));
  EXPECT_FALSE(ParseDuration(""));
}

class JumpingClock final : public Clock {
 public:
  std::int64_t WallNanos() const override { return wall_ns; }
  MonotonicTime Monotonic() const override { return now; }
  void Advance(std::chrono::nanoseconds by) {
    now += by;
    wall_ns += by.count();
  }
  std::int64_t wall_ns = 1'790'000'000'000'000'000;
  MonotonicTime now{std::chrono::hours(5)};
};

constexpr std::int64_t kHour = 3'600'000'000'000;

TEST(SteadyWall, GoesOnWhateverTheWallClockDoes) {
  JumpingClock clock;
  const SteadyWall wall(clock);
  const std::int64_t begin = wall.Nanos();
  EXPECT_EQ(begin, clock.wall_ns);
  clock.Advance(std::chrono::hours(1));
  clock.wall_ns += 1000 * kHour;
  EXPECT_EQ(wall.Nanos(), begin + kHour);
  clock.wall_ns -= 5000 * kHour;
  EXPECT_EQ(wall.Nanos(), begin + kHour);
}

TEST(CautiousWall, BelievesAStepBackAtOnceAndAJumpAheadWhenItLasts) {
  JumpingClock clock;
  CautiousWall wall(clock);
  clock.wall_ns -= 3 * kHour;
  EXPECT_EQ(wall.Nanos(), clock.wall_ns);
  const std::int64_t before = clock.wall_ns;
  clock.wall_ns += 10'000 * kHour;
  EXPECT_EQ(wall.Nanos(), before);
  clock.Advance(std::chrono::hours(23));
  EXPECT_EQ(wall.Nanos(), before + 23 * kHour) << "time goes on meanwhile";
  clock.Advance(std::chrono::hours(1));
  EXPECT_EQ(wall.Nanos(), clock.wall_ns) << "the clock means it";
}

TEST(CautiousWall, AJumpThatIsTakenBackWasNone) {
  JumpingClock clock;
  CautiousWall wall(clock);
  for (int i = 0; i < 50; ++i) {
    clock.wall_ns += 100 * kHour;
    EXPECT_LT(wall.Nanos(), clock.wall_ns);
    clock.wall_ns -= 100 * kHour;
    clock.Advance(std::chrono::hours(1));
    EXPECT_EQ(wall.Nanos(), clock.wall_ns);
  }
}

TEST(CautiousWall, FollowsAClockThatIsBroughtBackIntoStep) {
  JumpingClock clock;
  CautiousWall wall(clock);
  for (int i = 0; i < 100; ++i) {
    clock.Advance(std::chrono::hours(1));
    clock.wall_ns += 2'000'000'000;
    EXPECT_EQ(wall.Nanos(), clock.wall_ns);
  }
}

}  // namespace
}  // namespace strata
