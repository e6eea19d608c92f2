// The commands of the strata binary, one file each (command_<name>.cc). The command line is parsed
// in app/cli.cc; a command gets its options typed, writes data to stdout and everything else to
// stderr, and returns the exit code.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "app/config_load.h"

namespace strata::app {

int RunServe(const ConfigSources& sources);

enum class TextOutput : std::uint8_t { kText, kJson };

enum class QueryOutput : std::uint8_t { kTable, kJson, kNdjson, kCsv, kParquet };

struct QueryOptions {
  std::optional<std::string> sql;             // else of `file`, else of stdin
  std::optional<std::filesystem::path> file;  // "-" is stdin
  std::string url = "http://127.0.0.1:8090";
  std::string name_space = {};  // empty: the server's default
  QueryOutput output = QueryOutput::kTable;
  std::chrono::milliseconds timeout = std::chrono::seconds(60);
};
int RunQuery(const QueryOptions& options);

struct WalOptions {
  TextOutput output = TextOutput::kText;
  bool frames = false;  // inspect lists each frame
};
// Both read the log in the data directory without changing it, also while a server runs on it.
int RunWalInspect(const ConfigSources& sources, const WalOptions& options);
int RunWalVerify(const ConfigSources& sources, const WalOptions& options);

struct ChaosCommand {
  std::filesystem::path directory = ".";  // works in a folder of its own below it
  std::chrono::seconds length{60};
  std::optional<std::uint64_t> seed;  // else a new one
  TextOutput output = TextOutput::kText;
};
int RunChaos(const ChaosCommand& command);

// Reads all that the data directory holds without changing it, also while a server runs on it.
int RunVerify(const ConfigSources& sources, TextOutput output);

int RunConfigCheck(const ConfigSources& sources);
int RunConfigPrint(const ConfigSources& sources, bool with_origin);
int RunConfigDocs();

int RunVersion(TextOutput output);
int RunFaultPoints();  // base/fault_point.h, one a line

}  // namespace strata::app
