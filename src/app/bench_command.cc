#include "app/bench_command.h"

#include <iostream>
#include <map>
#include <utility>

#include <CLI/CLI.hpp>

#include "app/bench_ingest.h"
#include "app/bench_query.h"
#include "app/exit_code.h"
#include "base/units.h"

namespace strata::app {
namespace {

// What parsing found.
struct BenchLine {
  BenchIngestOptions ingest;
  BenchQueryOptions query;
  std::string output = "text";
};

// An option whose value is one of a few names.
template <class T>
void AddChoice(CLI::App& command, const std::string& flag, const std::string& help,
               const std::map<std::string, T>& choices, T& target) {
  std::vector<std::string> names;
  names.reserve(choices.size());
  for (const auto& [name, value] : choices) names.push_back(name);
  command
      .add_option_function<std::string>(
          flag, [&target, choices](const std::string& name) { target = choices.at(name); }, help)
      ->check(CLI::IsMember(names));
}

void AddOutput(CLI::App& command, BenchLine& line) {
  command.add_option("--output", line.output, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
}

void AddIngest(CLI::App& bench, BenchLine& line) {
  BenchIngestOptions& options = line.ingest;
  CLI::App& command =
      *bench.add_subcommand("ingest", "Send prepared OTLP and measure what it costs the server.");
  AddChoice(command, "--signal", "what to send",
            {{"logs", model::Kind::kLogs},
             {"spans", model::Kind::kSpans},
             {"metrics", model::Kind::kMetrics}},
            options.kind);
  AddChoice(command, "--protocol", "http sends protobuf, json is OTLP/JSON over HTTP [http]",
            {{"http", BenchProtocol::kHttp},
             {"json", BenchProtocol::kJson},
             {"grpc", BenchProtocol::kGrpc}},
            options.protocol);
  AddChoice(command, "--compression", "of each request; the sender's CPU, not the server's [none]",
            {{"none", wire::ContentCoding::kIdentity},
             {"gzip", wire::ContentCoding::kGzip},
             {"zstd", wire::ContentCoding::kZstd}},
            options.compression);
  command.add_option("--url", options.url,
                     "of the OTLP listener [http://127.0.0.1:4318, gRPC: :4317]");
  command.add_option("--api-url", options.api_url, "of the API, for --settle")
      ->capture_default_str();
  command.add_option("--records-per-request", options.records_per_request)->capture_default_str();
  command.add_option("--connections", options.connections, "one request in flight on each")
      ->capture_default_str();
  command.add_option_function<std::uint64_t>(
      "--seconds", [&options](std::uint64_t n) { options.duration = std::chrono::seconds(n); },
      "how long to send [10]");
  command.add_option("--requests", options.requests, "how many to send, instead of --seconds");
  command.add_option_function<std::string>(
      "--prepared",
      [&options](const std::string& text) {
        auto size = ParseSize(text);
        if (!size) throw CLI::ValidationError("--prepared", size.error().message);
        options.prepared_bytes = *size;
      },
      "size of the requests that are prepared; they are sent in turn, times moved on [128MiB]");
  command.add_option("--pid", options.pid, "of the server [who listens on the port of --url]");
  command.add_flag("--settle", options.settle, "wait until all is sealed and count that CPU too");
  command
      .add_option("--control-dir", options.control_directory,
                  "a directory on the server's disk, for the write loop that is the control")
      ->capture_default_str();
  command.add_flag("!--no-control", options.control, "leave the control out");
  AddOutput(command, line);
}

void AddQuery(CLI::App& bench, BenchLine& line) {
  CLI::App& command =
      *bench.add_subcommand("query", "Time the benchmark's statements over the logs in a server.");
  command.add_option("--url", line.query.url)->capture_default_str();
  command.add_option("--runs", line.query.runs, "of each statement")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  AddOutput(command, line);
}

int Print(const Result<BenchReport>& report, const std::string& output) {
  if (!report) {
    std::cerr << "strata bench: " << report.error().message << "\n";
    return ExitCodeOf(report.error().code);
  }
  std::cout << (output == "json" ? report->AsJson() : report->AsTable());
  return kExitOk;
}

}  // namespace

int RunBench(const std::vector<std::string>& arguments) {
  BenchLine line;
  CLI::App bench("Measures a server that runs; bench/README.md says how to read the figures.",
                 "strata bench");
  bench.require_subcommand(1);
  AddIngest(bench, line);
  AddQuery(bench, line);
  try {
    // CLI11 takes them from the back.
    bench.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return bench.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return bench.got_subcommand("ingest") ? Print(BenchIngest(line.ingest), line.output)
                                        : Print(BenchQuery(line.query), line.output);
}

}  // namespace strata::app
