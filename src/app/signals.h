// Signals as events: SIGTERM and SIGINT ask for the end, SIGHUP for the configuration to be read
// again.
#pragma once

#include <csignal>
#include <initializer_list>

namespace strata::app {

enum class SignalEvent { kStop, kReload };

// Blocks the signals for this thread and all that it starts. Make it before the first thread.
class Signals {
 public:
  Signals();

  // Waits for the next one.
  SignalEvent Wait() const;
  // As if SIGTERM had come. Any thread.
  void RequestStop() const;

 private:
  sigset_t set_{};
};

}  // namespace strata::app
