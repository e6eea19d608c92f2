#include "wal/window_pool.h"

#include <gtest/gtest.h>

namespace strata::wal {
namespace {

TEST(WindowPool, LendsNoWindowTwiceAndEachAgain) {
  const WindowPool pool;
  auto first = pool.Take(10'000);
  const auto second = WindowPool(pool).Take(10'000);
  EXPECT_GE(first->size(), 10'000U);
  EXPECT_NE(first->data(), second->data());

  const std::byte* const bytes = first->data();
  const auto borrowed = first;
  first = nullptr;
  EXPECT_NE(pool.Take(10'000)->data(), bytes);  // somebody still reads it
}

TEST(WindowPool, TakesBackWhatNobodyHolds) {
  const WindowPool pool;
  const std::byte* const bytes = pool.Take(10'000)->data();
  EXPECT_EQ(pool.Take(5000)->data(), bytes);
  const auto larger = pool.Take(100'000);
  EXPECT_GE(larger->size(), 100'000U);
  EXPECT_NE(larger->data(), bytes);
}

TEST(WindowPool, WindowsOutliveIt) {
  std::shared_ptr<os::AlignedBuffer> window;
  {
    const WindowPool pool;
    window = pool.Take(4096);
  }
  window->span().back() = std::byte{1};
}

}  // namespace
}  // namespace strata::wal
