#include "app/cli.h"

#include <iostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "app/bench_command.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/setting_value.h"
#include "app/settings.h"
#include "app/version.h"
#include "base/units.h"

namespace strata::app {

template <>
struct WordsOf<QueryOutput> {
  static constexpr std::array kAll = {Word<QueryOutput>{"table", QueryOutput::kTable},
                                      Word<QueryOutput>{"json", QueryOutput::kJson},
                                      Word<QueryOutput>{"ndjson", QueryOutput::kNdjson},
                                      Word<QueryOutput>{"csv", QueryOutput::kCsv},
                                      Word<QueryOutput>{"parquet", QueryOutput::kParquet}};
};
template <>
struct WordsOf<TextOutput> {
  static constexpr std::array kAll = {Word<TextOutput>{"text", TextOutput::kText},
                                      Word<TextOutput>{"json", TextOutput::kJson}};
};

namespace {

// What parsing found: the command to run, with the options it reads when it runs.
struct CommandLine {
  ConfigSources sources;
  ChaosCommand chaos;
  QueryOptions query;
  WalOptions wal;
  TextOutput output = TextOutput::kText;
  bool with_origin = false;
  bool fault_points = false;
  std::function<int()> run;
};

Environment ProcessEnvironment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

void AddConfigFile(CLI::App& command, CommandLine& line) {
  command
      .add_option_function<std::string>(
          "--config", [&line](const std::string& path) { line.sources.file = path; },
          "File of settings (STRATA_CONFIG); docs/configuration.md says which is read otherwise.")
      ->type_name("path");
}

// A wrong value of a flag is a usage error that names the flag.
std::string CheckFlag(const Setting& setting, const std::string& text) {
  Config scratch;
  auto set = setting.set(scratch, text);
  return set ? std::string() : set.error().message;
}

void AddSetting(CLI::App& command, CommandLine& line, const Setting& setting) {
  const std::string standard = setting.get(DefaultConfig(line.sources.root));
  const std::string help = std::string(setting.help) + " [" + standard + "]";
  const std::string name(setting.name);
  // Of a bool the flag alone means true.
  const auto meant = [flag_only = setting.flag_only](const std::string& text) {
    return flag_only && text.empty() ? std::string("true") : text;
  };
  CLI::Option* option = command.add_option_function<std::string>(
      setting.Flag(),
      [&line, name, meant](const std::string& text) { line.sources.flags[name] = meant(text); },
      help);
  option->type_name(setting.kind)->check([&setting, meant](const std::string& text) {
    return CheckFlag(setting, meant(text));
  });
  if (setting.flag_only) option->expected(0, 1);
  const std::size_t dot = setting.name.find('.');
  option->group(dot == std::string_view::npos ? "general" : name.substr(0, dot));
}

void AddSettings(CLI::App& command, CommandLine& line) {
  AddConfigFile(command, line);
  for (const Setting& setting : Settings()) AddSetting(command, line, setting);
}

// What `run` is handed stands in `line`, which outlives the parser.
template <class Run>
void OnParsed(CLI::App& command, CommandLine& line, Run run) {
  command.callback([&line, run = std::move(run)] { line.run = run; });
}

// An option that takes one of the words of T.
template <IsWord T>
void AddWord(CLI::App& command, const std::string& name, T& value, const std::string& help) {
  command
      .add_option_function<std::string>(
          name, [&value](const std::string& text) { CHECK(ParseValue(text, {}, value)); },
          help + " [" + FormatValue(value) + "]")
      ->type_name(KindOf(value))
      ->check([](const std::string& text) {
        T scratch;
        auto parsed = ParseValue(text, {}, scratch);
        return parsed ? std::string() : parsed.error().message;
      });
}

void AddServe(CLI::App& app, CommandLine& line) {
  CLI::App& serve = *app.add_subcommand("serve", "Receive telemetry, keep it, answer queries.");
  AddSettings(serve, line);
  OnParsed(serve, line, [&line] { return RunServe(line.sources); });
}

void AddWal(CLI::App& app, CommandLine& line) {
  CLI::App& wal = *app.add_subcommand("wal", "Look into the write-ahead log.");
  wal.require_subcommand(1);
  CLI::App& inspect = *wal.add_subcommand("inspect", "List segments, positions and cursors.");
  inspect.add_flag("--frames", line.wal.frames, "List each frame as well.");
  OnParsed(inspect, line, [&line] { return RunWalInspect(line.sources, line.wal); });
  CLI::App& verify =
      *wal.add_subcommand("verify", "Read every frame; exit code 3 when something is lost.");
  OnParsed(verify, line, [&line] { return RunWalVerify(line.sources, line.wal); });
  for (CLI::App* command : {&inspect, &verify}) {
    AddConfigFile(*command, line);
    AddSetting(*command, line, *FindSetting("data_dir"));
    AddWord(*command, "--output", line.wal.output, "How the answer is written.");
  }
}

void AddVerify(CLI::App& app, CommandLine& line) {
  CLI::App& verify = *app.add_subcommand(
      "verify", "Read all stored data back, also beside a server; exit code 3 when it is damaged.");
  AddConfigFile(verify, line);
  AddSetting(verify, line, *FindSetting("data_dir"));
  AddWord(verify, "--output", line.output, "How the answer is written.");
  OnParsed(verify, line, [&line] { return RunVerify(line.sources, line.output); });
}

void AddTimeout(CLI::App& query, QueryOptions& options) {
  query
      .add_option_function<std::string>(
          "--timeout",
          [&options](const std::string& text) {
            options.timeout =
                std::chrono::duration_cast<std::chrono::milliseconds>(*ParseDuration(text));
          },
          "Longest wait for the answer; beyond it exit code 124. [1m]")
      ->check([](const std::string& text) {
        const auto parsed = ParseDuration(text);
        if (!parsed) return parsed.error().message;
        return *parsed < std::chrono::milliseconds(1) ? std::string("less than a millisecond") : "";
      })
      ->type_name("duration");
}

void AddQuery(CLI::App& app, CommandLine& line) {
  CLI::App& query = *app.add_subcommand(
      "query", "Run one SQL statement on a server; without one it is read from standard input.");
  QueryOptions& options = line.query;
  query.add_option("sql", options.sql, "The statement.")->type_name("SQL");
  query.add_option("-f,--file", options.file, "File with the statement; - is standard input.")
      ->type_name("path");
  query.add_option("--url", options.url, "The server. [" + options.url + "]")->type_name("URL");
  query.add_option("--namespace", options.name_space, "Namespace to read. [the server's default]")
      ->type_name("name");
  AddWord(query, "--output", options.output, "How the rows are written.");
  AddTimeout(query, options);
  OnParsed(query, line, [&line] { return RunQuery(line.query); });
}

constexpr std::uint64_t kChaosSecondsMin = 5;
constexpr std::uint64_t kChaosSecondsMax = 86'400;

void AddChaos(CLI::App& app, CommandLine& line) {
  CLI::App& chaos = *app.add_subcommand(
      "chaos",
      "Kill, damage and starve servers of its own on your disk; exit code 3 when a promise "
      "breaks.");
  ChaosCommand& options = line.chaos;
  chaos
      .add_option("--data-dir", options.directory,
                  "Works in a folder of its own below it, and removes that. [" +
                      options.directory.native() + "]")
      ->type_name("path");
  chaos
      .add_option_function<std::uint64_t>(
          "--seconds",
          [&options](std::uint64_t seconds) { options.length = std::chrono::seconds(seconds); },
          "For about so long. [" + std::to_string(options.length.count()) + "]")
      ->check(CLI::Range(kChaosSecondsMin, kChaosSecondsMax))
      ->type_name("number");
  chaos.add_option("--seed", options.seed, "Chooses what is sent, killed and changed. [a new one]")
      ->type_name("number");
  AddWord(chaos, "--output", options.output, "How the score board is written.");
  OnParsed(chaos, line, [&line] { return RunChaos(line.chaos); });
}

// Parses its own arguments, --help included.
void AddBench(CLI::App& app, CommandLine& line) {
  CLI::App& bench = *app.add_subcommand("bench", "Measure a server that runs.");
  bench.set_help_flag();
  bench.prefix_command();
  OnParsed(bench, line, [&bench] { return RunBench(bench.remaining()); });
}

void AddConfig(CLI::App& app, CommandLine& line) {
  CLI::App& config = *app.add_subcommand("config", "Check or show the configuration.");
  config.require_subcommand(1);
  CLI::App& check = *config.add_subcommand("check", "Validate it without starting: exit 0 or 78.");
  AddSettings(check, line);
  OnParsed(check, line, [&line] { return RunConfigCheck(line.sources); });
  CLI::App& print = *config.add_subcommand("print", "Write the settings in use as YAML.");
  print.add_flag("--with-origin", line.with_origin, "Say where each value comes from.");
  AddSettings(print, line);
  OnParsed(print, line, [&line] { return RunConfigPrint(line.sources, line.with_origin); });
  CLI::App& docs = *config.add_subcommand("docs", "Write docs/configuration.md.");
  OnParsed(docs, line, [] { return RunConfigDocs(); });
}

void AddVersion(CLI::App& app, CommandLine& line) {
  CLI::App& version = *app.add_subcommand("version", "Say which version this is.");
  AddWord(version, "--output", line.output, "How the answer is written.");
  // For the crash tests: no help text, so that it is not listed.
  version.add_flag("--fault-points", line.fault_points)->group("");
  OnParsed(version, line,
           [&line] { return line.fault_points ? RunFaultPoints() : RunVersion(line.output); });
}

// What stands in the place of a command and is none: "unknown command 'qery'; did you mean
// 'query'?"
std::string UnknownCommand(const CLI::App& app, std::span<const char* const> arguments) {
  const CLI::App* parent = &app;
  for (const std::string_view word : arguments.subspan(1)) {
    std::vector<std::string> names;
    const CLI::App* found = nullptr;
    for (const CLI::App* command : parent->get_subcommands({})) {
      names.push_back(command->get_name());
      if (command->get_name() == word) found = command;
    }
    if (names.empty() || word.starts_with('-')) return {};
    if (found == nullptr) {
      const std::string near = Nearest(word, names);
      const std::string unknown = "unknown command '" + std::string(word) + "'";
      return near.empty() ? unknown : unknown + "; did you mean '" + near + "'?";
    }
    parent = found;
  }
  return {};
}

int RefuseUsage(const CLI::App& app, const CLI::ParseError& error, const std::string& unknown) {
  std::string command = "strata";
  const CLI::App* deepest = &app;
  while (!deepest->get_subcommands().empty()) {
    deepest = deepest->get_subcommands().front();
    command += " " + deepest->get_name();
  }
  std::cerr << "error: " << (unknown.empty() ? error.what() : unknown) << "\nSee '" << command
            << " --help'.\n";
  return kExitUsage;
}

}  // namespace

int RunCommandLine(int argc, const char* const* argv) {
  CommandLine line;
  line.sources.environment = ProcessEnvironment();
  line.sources.root = geteuid() == 0;

  CLI::App app("strata: logs, spans and metrics in, durable, visible and in SQL.", "strata");
  app.set_version_flag("--version", "strata " + std::string(Version()));
  app.require_subcommand(1);
  AddServe(app, line);
  AddQuery(app, line);
  AddWal(app, line);
  AddVerify(app, line);
  AddChaos(app, line);
  AddBench(app, line);
  AddConfig(app, line);
  AddVersion(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) {
      const std::span arguments(argv, static_cast<std::size_t>(argc));
      return RefuseUsage(app, error, UnknownCommand(app, arguments));
    }
    return app.exit(error, std::cout, std::cerr);  // --help and --version
  }
  return line.run();
}

}  // namespace strata::app
