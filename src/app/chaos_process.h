// A child process of `strata chaos`: this binary with a command of its own.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"
#include "base/result.h"

namespace strata::app {

// How a process ended.
struct ChaosEnd {
  bool killed = false;           // by SIGKILL, whoever sent it
  std::optional<int> exit_code;  // when it ended by itself
  std::string text;              // "exit code 1", "signal 6"
};

// Used by one thread, which must live as long as the process: the kernel kills it when the thread
// that started it ends.
class ChaosProcess {
 public:
  // The first word is the binary's path. What it says is appended to the file `log`.
  static Result<std::unique_ptr<ChaosProcess>> Start(std::vector<std::string> words,
                                                     std::vector<std::string> environment,
                                                     const std::filesystem::path& log);
  ~ChaosProcess();  // kills it
  ChaosProcess(const ChaosProcess&) = delete;
  ChaosProcess& operator=(const ChaosProcess&) = delete;

  // Until the process has ended or `deadline` has passed.
  void AwaitEnd(MonotonicTime deadline);
  void Kill();                           // and waits for the end
  void Signal(int signal);               // does not wait
  const std::optional<ChaosEnd>& end();  // nothing while it runs

 private:
  explicit ChaosProcess(pid_t pid) : pid_(pid) {}
  void Reap(int options);  // of waitpid

  const pid_t pid_;
  std::optional<ChaosEnd> end_;
};

}  // namespace strata::app
