#include "app/bench_process.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <system_error>

#include <unistd.h>

namespace strata::app {
namespace {

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// "VmHWM:     1234 kB" of /proc/<pid>/status.
std::uint64_t StatusBytes(const std::string& status, const std::string& field) {
  const auto at = status.find(field + ":");
  if (at == std::string::npos) return 0;
  return std::strtoull(status.c_str() + at + field.size() + 1, nullptr, 10) * 1024;
}

// Inodes of the sockets that listen on the port.
std::set<std::string> ListeningInodes(std::uint16_t port) {
  std::set<std::string> inodes;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(table);
    std::string line;
    std::getline(file, line);  // the titles
    while (std::getline(file, line)) {
      std::istringstream fields(line);
      std::string slot, local, remote, state, skip, inode;
      fields >> slot >> local >> remote >> state;
      for (int i = 0; i < 5; ++i) fields >> skip;
      fields >> inode;
      const auto colon = local.rfind(':');
      constexpr const char* kListen = "0A";
      if (state != kListen || colon == std::string::npos) continue;
      if (std::strtoul(local.c_str() + colon + 1, nullptr, 16) == port) inodes.insert(inode);
    }
  }
  return inodes;
}

bool HoldsOneOf(const std::filesystem::path& process, const std::set<std::string>& inodes) {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(process / "fd", failed)) {
    const std::string target = std::filesystem::read_symlink(entry.path(), failed).string();
    constexpr std::string_view kSocket = "socket:[";
    if (!target.starts_with(kSocket)) continue;
    if (inodes.contains(target.substr(kSocket.size(), target.size() - kSocket.size() - 1))) {
      return true;
    }
  }
  return false;
}

}  // namespace

Result<ProcessUse> ReadProcessUse(pid_t pid) {
  const std::filesystem::path process = "/proc/" + std::to_string(pid);
  const std::string stat = ReadAll(process / "stat");
  // The name in parentheses may hold anything, so count fields from its end: state is the third.
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos) {
    return Error{Code::kNotFound, "no process " + std::to_string(pid)};
  }
  std::istringstream fields(stat.substr(name_end + 1));
  std::string skip;
  for (int field = 3; field < 14; ++field) fields >> skip;
  double user_ticks = 0;
  double system_ticks = 0;
  fields >> user_ticks >> system_ticks;
  const std::string status = ReadAll(process / "status");
  return ProcessUse{
      .cpu_seconds = (user_ticks + system_ticks) / static_cast<double>(sysconf(_SC_CLK_TCK)),
      .resident_bytes = StatusBytes(status, "VmRSS"),
      .resident_peak_bytes = StatusBytes(status, "VmHWM"),
  };
}

Result<pid_t> FindListener(std::uint16_t port) {
  const auto inodes = ListeningInodes(port);
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", failed)) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ec != std::errc() || inodes.empty()) continue;
    if (HoldsOneOf(entry.path(), inodes)) return pid;
  }
  return Error{Code::kNotFound, "no process of ours listens on port " + std::to_string(port)};
}

}  // namespace strata::app
