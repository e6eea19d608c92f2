#include "app/chaos_interrupt.h"

#include <ctime>

#include "base/check.h"

namespace strata::app {
namespace {

constexpr timespec kLook{.tv_sec = 0, .tv_nsec = 50'000'000};

}  // namespace

ChaosInterrupt::ChaosInterrupt() {
  sigemptyset(&signals_);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals_, signal);
  CHECK(pthread_sigmask(SIG_BLOCK, &signals_, nullptr) == 0);
  // A server that was killed has closed its end: an error of the write, not of this process.
  CHECK(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR);
  waiter_ = std::jthread([this](const std::stop_token& end) {
    while (!end.stop_requested()) {
      const int signal = sigtimedwait(&signals_, nullptr, &kLook);
      if (signal <= 0) continue;
      signal_ = signal;
      stop_ = true;
    }
  });
}

}  // namespace strata::app
