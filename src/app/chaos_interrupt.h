// SIGINT, SIGTERM and SIGHUP as a wish to end: whoever works looks at stop() and cleans up.
#pragma once

#include <atomic>
#include <csignal>
#include <thread>

namespace strata::app {

class ChaosInterrupt {
 public:
  // Blocks the signals for this thread and all that it starts. Make it before the first thread.
  ChaosInterrupt();
  ~ChaosInterrupt() = default;  // ends the waiter
  ChaosInterrupt(const ChaosInterrupt&) = delete;
  ChaosInterrupt& operator=(const ChaosInterrupt&) = delete;

  const std::atomic<bool>& stop() const { return stop_; }
  int signal() const { return signal_.load(); }  // 0: none came

 private:
  sigset_t signals_{};
  std::atomic<bool> stop_{false};
  std::atomic<int> signal_{0};
  std::jthread waiter_;
};

}  // namespace strata::app
