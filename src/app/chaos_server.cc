#include "app/chaos_server.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <simdjson.h>

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
  ASSIGN_OR_RETURN(server->process_,
                   ChaosProcess::Start(ArgumentsOf(options),
                                       {"STRATA_FAULT_POINT=" + fault_point,
                                        "STRATA_DISK_QUOTA=" + options.quota.native()},
                                       options.directory / "server.log"));
  return server;
}

Result<bool> ChaosServer::AwaitReady(MonotonicTime deadline) {
  while (!process_->end() && SystemClock().Monotonic() < deadline) {
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
