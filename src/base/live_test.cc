#include "base/live.h"

#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace strata {
namespace {

struct Pair {
  std::string text;
  int number = 0;
};

TEST(Live, WhatWasReadStaysWhenTheValueIsReplaced) {
  Live<Pair> pair({.text = "first", .number = 1});
  const Pair& first = pair.Get();
  pair.Set({.text = "second", .number = 2});
  EXPECT_EQ(first.text, "first");
  EXPECT_EQ(pair.Get().text, "second");
}

TEST(Live, ReadersSeeOneValueOrTheOther) {
  constexpr int kChanges = 1000;
  Live<Pair> pair({.text = "0", .number = 0});
  std::thread writer([&] {
    for (int i = 1; i <= kChanges; ++i) pair.Set({.text = std::to_string(i), .number = i});
  });
  for (int last = 0; last < kChanges;) {
    const Pair& now = pair.Get();
    ASSERT_EQ(now.text, std::to_string(now.number));
    ASSERT_GE(now.number, last);
    last = now.number;
  }
  writer.join();
}

}  // namespace
}  // namespace strata
