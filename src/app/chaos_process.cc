#include "app/chaos_process.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace strata::app {
namespace {

constexpr std::chrono::milliseconds kLook{1};

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the child, between fork and exec: nothing but system calls.
[[noreturn]] void Become(char* const* words, char* const* environment, int log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before the line above
  ::setpgid(0, 0);                          // Ctrl-C is for the parent
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(log, STDERR_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::execve(words[0], words, environment);
  ::_exit(127);
}

ChaosEnd EndOf(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return {.killed = signal == SIGKILL,
            .text = "signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")"};
  }
  const int code = WEXITSTATUS(status);
  return {.exit_code = code, .text = "exit code " + std::to_string(code)};
}

}  // namespace

Result<std::unique_ptr<ChaosProcess>> ChaosProcess::Start(std::vector<std::string> words,
                                                          std::vector<std::string> environment,
                                                          const std::filesystem::path& log) {
  const std::vector<char*> word_pointers = Pointers(words);
  const std::vector<char*> environment_pointers = Pointers(environment);
  const int log_fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (log_fd < 0) return Error{Code::kIo, log.native() + ": " + std::strerror(errno)};
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) Become(word_pointers.data(), environment_pointers.data(), log_fd, parent);
  const int failed = errno;
  ::close(log_fd);
  if (child < 0) return Error{Code::kIo, std::string("fork: ") + std::strerror(failed)};
  return std::unique_ptr<ChaosProcess>(new ChaosProcess(child));
}

ChaosProcess::~ChaosProcess() {
  Kill();
}

void ChaosProcess::Signal(int signal) {
  if (!end()) ::kill(pid_, signal);
}

void ChaosProcess::Kill() {
  Signal(SIGKILL);
  Reap(0);
}

void ChaosProcess::Reap(int options) {
  int status = 0;
  if (!end_ && ::waitpid(pid_, &status, options) == pid_) end_ = EndOf(status);
}

const std::optional<ChaosEnd>& ChaosProcess::end() {
  Reap(WNOHANG);
  return end_;
}

void ChaosProcess::AwaitEnd(MonotonicTime deadline) {
  while (!end() && SystemClock().Monotonic() < deadline) std::this_thread::sleep_for(kLook);
}

}  // namespace strata::app
