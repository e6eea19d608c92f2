#include "ingest/dedup.h"

#include <gtest/gtest.h>

namespace strata::ingest {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

Hash128 H(std::uint64_t n) {
  return {n * 0x9E3779B97F4A7C15ULL, n};
}

StoredRequest Stored(std::uint64_t position, std::uint64_t payload, std::uint64_t key = 0) {
  return {.position = position,
          .received_ns = static_cast<std::int64_t>(position) * kSecond,
          .seen_ns = static_cast<std::int64_t>(position) * kSecond,
          .payload = H(payload),
          .key = key == 0 ? Hash128{} : H(key),
          .rejected = 3,
          .by_payload = true};
}

TEST(Dedup, FindsByPayloadOnlyWhereItIdentifies) {
  Dedup dedup({});
  StoredRequest stored = Stored(7, 1);
  dedup.Add(stored);
  stored = Stored(8, 2);
  stored.by_payload = false;
  dedup.Add(stored);

  auto found = dedup.Find(H(1), true, {}, 9 * kSecond);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->position, 7U);
  EXPECT_EQ((*found)->rejected, 3U);
  EXPECT_FALSE(*dedup.Find(H(1), false, {}, 9 * kSecond));
  EXPECT_FALSE(*dedup.Find(H(2), true, {}, 9 * kSecond));
  EXPECT_EQ(dedup.size(), 1U);
}

TEST(Dedup, SameKeyWithAnotherPayloadIsAConflict) {
  Dedup dedup({});
  dedup.Add(Stored(7, 1, 100));
  EXPECT_EQ((*dedup.Find(H(1), false, H(100), 8 * kSecond))->position, 7U);
  const auto other = dedup.Find(H(2), true, H(100), 8 * kSecond);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::kConflict);
}

TEST(Dedup, ForgetsByAge) {
  Dedup dedup({.window = std::chrono::seconds(10)});
  dedup.Add(Stored(1, 1, 100));
  dedup.Add(Stored(5, 2));
  // Before Expire() ran, too: the window is exact.
  EXPECT_TRUE(*dedup.Find(H(1), true, {}, 11 * kSecond));
  EXPECT_FALSE(*dedup.Find(H(1), true, {}, 12 * kSecond));
  dedup.Expire(12 * kSecond);
  EXPECT_EQ(dedup.size(), 1U);
  EXPECT_FALSE(*dedup.Find(H(1), true, H(100), 12 * kSecond));
  EXPECT_TRUE(*dedup.Find(H(2), true, {}, 12 * kSecond));
}

TEST(Dedup, ForgetsByMemoryOldestFirst) {
  Dedup dedup({.memory_bytes = 10 * 136});
  for (std::uint64_t i = 1; i <= 50; ++i) dedup.Add(Stored(i, i));
  EXPECT_EQ(dedup.size(), 10U);
  EXPECT_LE(dedup.bytes(), 10U * 136);
  EXPECT_FALSE(*dedup.Find(H(40), true, {}, 50 * kSecond));
  EXPECT_EQ((*dedup.Find(H(41), true, {}, 50 * kSecond))->position, 41U);
}

TEST(Dedup, AReloadChangesAgeAndMemory) {
  Dedup dedup({.window = std::chrono::seconds(10)});
  dedup.Add(Stored(1, 1));
  dedup.Configure({.window = std::chrono::seconds(1)});
  EXPECT_FALSE(*dedup.Find(H(1), true, {}, 3 * kSecond));
  dedup.Configure({.window = std::chrono::seconds(10)});
  EXPECT_TRUE(*dedup.Find(H(1), true, {}, 3 * kSecond));
  dedup.Configure({.window = std::chrono::seconds(10), .memory_bytes = 1});
  dedup.Add(Stored(2, 2));
  EXPECT_EQ(dedup.size(), 0U);
}

TEST(Dedup, ARequestStoredAgainAfterTheWindowIsKnownAnew) {
  Dedup dedup({.window = std::chrono::seconds(10)});
  dedup.Add(Stored(1, 1));
  dedup.Add(Stored(20, 1));
  dedup.Expire(21 * kSecond);
  EXPECT_EQ((*dedup.Find(H(1), true, {}, 21 * kSecond))->position, 20U);
}

TEST(Dedup, TheFirstReceiptStays) {
  Dedup dedup({});
  dedup.Add(Stored(1, 1));
  dedup.Add(Stored(2, 1, 100));
  EXPECT_EQ((*dedup.Find(H(1), true, {}, 2 * kSecond))->position, 1U);
}

TEST(Dedup, EncodedTableComesBackAndEveryFlippedByteIsDetected) {
  Dedup dedup({});
  for (std::uint64_t i = 1; i <= 5; ++i) dedup.Add(Stored(i, i, i % 2 == 0 ? i + 100 : 0));
  const Bytes bytes = dedup.Encode();
  Dedup back({});
  ASSERT_TRUE(back.Decode(bytes));
  EXPECT_EQ(back.Encode(), bytes);
  EXPECT_EQ(back.last_position(), 5U);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes damaged = bytes;
    damaged[i] ^= std::byte{0x10};
    Dedup refused({});
    EXPECT_FALSE(refused.Decode(damaged)) << i;
    EXPECT_EQ(refused.size(), 0U);
  }
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    Dedup refused({});
    EXPECT_FALSE(refused.Decode(ByteSpan(bytes).first(length))) << length;
  }
}

// docs/formats/dedup.md
TEST(Dedup, HexOfTheDocs) {
  std::string hex;
  for (const std::byte byte : Dedup({}).Encode()) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", std::to_integer<unsigned>(byte));
    hex += digits;
  }
  EXPECT_EQ(hex, "5344445501000000000000000000000000000000667c8931");
}

}  // namespace
}  // namespace strata::ingest
