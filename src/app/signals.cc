#include "app/signals.h"

#include <cerrno>

#include <unistd.h>

#include "base/check.h"

namespace strata::app {

Signals::Signals() {
  sigemptyset(&set_);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, signal);
  CHECK(pthread_sigmask(SIG_BLOCK, &set_, nullptr) == 0);
  // A peer that closes its end is an error of the write, not of the process.
  CHECK(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR);
}

SignalEvent Signals::Wait() const {
  for (;;) {
    int signal = 0;
    const int failed = sigwait(&set_, &signal);
    if (failed == EINTR) continue;
    CHECK(failed == 0);
    return signal == SIGHUP ? SignalEvent::kReload : SignalEvent::kStop;
  }
}

void Signals::RequestStop() const {
  CHECK(::kill(::getpid(), SIGTERM) == 0);
}

}  // namespace strata::app
