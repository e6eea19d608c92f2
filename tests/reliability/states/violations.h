// The promises that a run broke, told as they are found, by whatever thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace strata::reliability {

class Violations {
 public:
  // More than `shown` are only counted: the first say most.
  explicit Violations(std::uint64_t shown) : shown_(shown) {}

  // `again`: the arguments that show this one alone.
  void Tell(const std::string& what, const std::string& broken, const std::string& again) {
    const std::scoped_lock lock(mutex_);
    if (++count_ > shown_) return;
    std::printf("VIOLATION %s: %s\n  %s\n", what.c_str(), broken.c_str(), again.c_str());
  }
  std::uint64_t count() const { return count_; }

 private:
  const std::uint64_t shown_;
  std::mutex mutex_;
  std::atomic<std::uint64_t> count_{0};
};

inline constexpr int kThreads = 2;

// The work of thread 0, 1 and so on; returns when all is done.
inline void OnThreads(const std::function<void(int thread)>& work) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back([&work, i] { work(i); });
}

}  // namespace strata::reliability
