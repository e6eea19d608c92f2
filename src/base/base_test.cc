#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/hash.h"
#include "base/units.h"

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

}  // namespace
}  // namespace strata
