#include <fstream>
#include <iostream>
#include <iterator>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/table.h"
#include "net/http_client.h"

namespace strata::app {
namespace {

constexpr std::uint64_t kAnswerBytesMax = 4_GiB;

std::string FormatOf(QueryOutput output) {
  switch (output) {
    case QueryOutput::kTable:
    case QueryOutput::kJson:
      return "json";
    case QueryOutput::kNdjson:
      return "ndjson";
    case QueryOutput::kCsv:
      return "csv";
    case QueryOutput::kParquet:
      return "parquet";
  }
  return {};
}

Result<std::string> Statement(const QueryOptions& options) {
  if (options.sql) return *options.sql;
  if (!options.file || *options.file == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), {});
  }
  std::ifstream in(*options.file, std::ios::binary);
  if (!in) return Error{Code::kNotFound, options.file->string() + ": cannot be read"};
  return std::string(std::istreambuf_iterator<char>(in), {});
}

int Fail(const Error& error) {
  std::cerr << "error: " << error.message << '\n';
  if (error.code == Code::kUnavailable) std::cerr << "hint: is strata serve running there?\n";
  return ExitCodeOf(error.code);
}

int Incomplete(const net::HttpResponse& response) {
  const std::string_view missing = response.Header("strata-missing-rows");
  if (missing.empty()) {
    std::cerr << "warning: the answer was cut at query.max_rows rows\n";
  } else {
    std::cerr
        << "warning: rows that the statement asks for are missing, " << missing
        << " as far as is known: a stored file is damaged. /debug/store lists what is lost.\n";
  }
  return kExitPartial;
}

int WriteTable(const net::HttpResponse& response) {
  const auto table = RenderTable(response.body);
  if (!table) return Fail(table.error());
  std::cout << table->text << std::flush;
  std::cerr << table->summary << '\n';
  return table->complete ? kExitOk : Incomplete(response);
}

int WriteAnswer(const QueryOptions& options, const net::HttpResponse& response) {
  if (response.status != 200) {
    std::cerr << "error: " << RenderError(response.body) << '\n';
    const int code = ExitCodeOfHttp(response.status);
    return code == kExitOk ? kExitFailure : code;
  }
  if (options.output == QueryOutput::kTable) return WriteTable(response);
  std::cout << response.body;
  if (options.output == QueryOutput::kJson && !response.body.ends_with('\n')) std::cout << '\n';
  std::cout.flush();
  return response.Header("strata-complete") == "false" ? Incomplete(response) : kExitOk;
}

}  // namespace

int RunQuery(const QueryOptions& options) {
  const auto url = net::ParseHttpUrl(options.url);
  if (!url) {
    std::cerr << "error: --url: " << url.error().message << '\n';
    return kExitUsage;
  }
  if (options.sql && options.file) {
    std::cerr << "error: give the statement or --file, not both\nSee 'strata query --help'.\n";
    return kExitUsage;
  }
  const auto sql = Statement(options);
  if (!sql) return Fail(sql.error());
  if (sql->find_first_not_of(" \t\r\n;") == std::string::npos) {
    std::cerr << "error: there is no statement\nSee 'strata query --help'.\n";
    return kExitUsage;
  }
  net::HttpRequest request{.method = "POST",
                           .target = "/api/v1/sql?format=" + FormatOf(options.output),
                           .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
                           .body = AsBytes(*sql)};
  if (!options.name_space.empty()) {
    request.headers.emplace_back("X-Scope-OrgID", options.name_space);
  }
  net::HttpClient client(*url, {.timeout = options.timeout, .response_bytes_max = kAnswerBytesMax});
  const auto response = client.Send(request);
  if (!response) return Fail(response.error());
  const int code = WriteAnswer(options, *response);
  if (!std::cout) return Fail({Code::kIo, "cannot write to standard output"});
  return code;
}

}  // namespace strata::app
