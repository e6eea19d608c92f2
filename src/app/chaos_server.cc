#include "app/chaos_server.h"

#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <simdjson.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/settings.h"

namespace strata::app {
namespace {

constexpr std::chrono::milliseconds kLook{1};
constexpr std::uint64_t kSmallFileBytesMax = 64_KiB;
constexpr std::uint64_t kLogBytesMax = 64_MiB;

std::vector<std::string> ArgumentsOf(const ChaosServerOptions& options) {
  std::vector<std::string> arguments = {options.binary.native(), "serve"};
  const auto add = [&](std::string_view name, const std::string& value) {
    arguments.push_back(FindSetting(name)->Flag() + "=" + value);
  };
  arguments.push_back("--config=" + (options.directory / "strata.yaml").native());
  add("data_dir", (options.directory / "data").native());
  for (const char* listener : {"listen.otlp_grpc", "listen.otlp_http", "listen.http"}) {
    add(listener, "127.0.0.1:0");
  }
  add("logging.format", "json");
  for (const auto& [name, value] : options.settings) add(name, value);
  return arguments;
}

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the child, between fork and exec: nothing but system calls.
[[noreturn]] void Become(char* const* arguments, char* const* environment, int log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before the line above
  ::setpgid(0, 0);                          // Ctrl-C is for the parent
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(log, STDERR_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::execve(arguments[0], arguments, environment);
  ::_exit(127);
}

ChaosEnd EndOf(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return {.killed = signal == SIGKILL,
            .text = "signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")"};
  }
  const int code = WEXITSTATUS(status);
  return {.clean = code == 0, .text = "exit code " + std::to_string(code)};
}

}  // namespace

Result<std::unique_ptr<ChaosServer>> ChaosServer::Start(const ChaosServerOptions& options,
                                                        const std::string& fault_point,
                                                        os::FileSystem& files) {
  const std::filesystem::path settings = options.directory / "strata.yaml";
  ASSIGN_OR_RETURN(const bool has_settings, files.Exists(settings));
  if (!has_settings) RETURN_IF_ERROR(files.ReplaceAll(settings, {}));
  std::unique_ptr<ChaosServer> server(new ChaosServer(options.directory, files));
  // Of the life before.
  if (auto removed = files.Remove(server->listeners_file_);
      !removed && removed.error().code != Code::kNotFound) {
    return std::move(removed).error();
  }
  RETURN_IF_ERROR(server->Spawn(options, fault_point));
  return server;
}

Status ChaosServer::Spawn(const ChaosServerOptions& options, const std::string& fault_point) {
  std::vector<std::string> arguments = ArgumentsOf(options);
  std::vector<std::string> environment = {"STRATA_FAULT_POINT=" + fault_point};
  const std::vector<char*> argument_pointers = Pointers(arguments);
  const std::vector<char*> environment_pointers = Pointers(environment);
  const std::filesystem::path log_path = options.directory / "server.log";
  const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (log < 0) return Error{Code::kIo, log_path.native() + ": " + std::strerror(errno)};
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) Become(argument_pointers.data(), environment_pointers.data(), log, parent);
  ::close(log);
  if (pid_ < 0) return Error{Code::kIo, std::string("fork: ") + std::strerror(errno)};
  return Done{};
}

ChaosServer::~ChaosServer() {
  Kill();
}

void ChaosServer::Signal(int signal) {
  if (!end()) ::kill(pid_, signal);
}

void ChaosServer::Kill() {
  if (pid_ < 0) return;
  Signal(SIGKILL);
  Reap(0);
}

void ChaosServer::Reap(int options) {
  int status = 0;
  if (!end_ && pid_ > 0 && ::waitpid(pid_, &status, options) == pid_) end_ = EndOf(status);
}

const std::optional<ChaosEnd>& ChaosServer::end() {
  Reap(WNOHANG);
  return end_;
}

void ChaosServer::AwaitEnd(MonotonicTime deadline) {
  while (!end() && SystemClock().Monotonic() < deadline) std::this_thread::sleep_for(kLook);
}

Result<bool> ChaosServer::AwaitReady(MonotonicTime deadline) {
  while (!end() && SystemClock().Monotonic() < deadline) {
    if (!addresses_.empty() || ReadAddresses()) {
      if (IsReady()) return true;
    }
    std::this_thread::sleep_for(kLook);
  }
  return false;
}

bool ChaosServer::ReadAddresses() {
  const auto bytes = files_.ReadAll(listeners_file_, kSmallFileBytesMax);
  if (!bytes) return false;
  simdjson::dom::parser parser;
  simdjson::dom::object listeners;
  const std::string_view text = AsText(*bytes);
  if (parser.parse(text.data(), text.size()).get(listeners) != simdjson::SUCCESS) return false;
  for (const auto& [name, value] : listeners) {
    std::string_view address;
    if (value.get(address) == simdjson::SUCCESS) addresses_.emplace(name, address);
  }
  auto url = net::ParseHttpUrl("http://" + addresses_["http"]);
  if (!url) return false;
  http_.emplace(*std::move(url));
  return true;
}

bool ChaosServer::IsReady() {
  const auto response = http_->Send({.target = "/readyz"});
  return response && response->status == 200;
}

std::vector<std::string> ComplaintsIn(const std::filesystem::path& directory,
                                      os::FileSystem& files) {
  std::vector<std::string> complaints;
  const auto bytes = files.ReadAll(directory / "server.log", kLogBytesMax);
  if (!bytes) return complaints;
  std::string_view text = AsText(*bytes);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const bool told = line.starts_with('{');
    if (told && line.find(R"("level":"error")") == std::string_view::npos) continue;
    // What is no line of the log comes from a CHECK or a library.
    if (!line.empty()) complaints.emplace_back(line);
  }
  return complaints;
}

}  // namespace strata::app
