#include "app/bench_query.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "net/http_client.h"

namespace strata::app {
namespace {

struct TimedAnswer {
  double engine_ms = 0;
  double client_ms = 0;
  std::string first_value = {};  // of the first row, when it is text
  double first_number = 0;       // when it is a number
};

Result<TimedAnswer> Ask(net::HttpClient& client, const std::string& sql) {
  const auto began = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(auto response, client.Send({.method = "POST",
                                               .target = "/api/v1/sql?format=json",
                                               .headers = {{"Content-Type", "text/plain"}},
                                               .body = AsBytes(sql)}));
  const auto took = std::chrono::steady_clock::now() - began;
  if (response.status != 200) {
    return Error{Code::kInvalidInput, std::to_string(response.status) + ": " + response.body};
  }
  TimedAnswer answer;
  answer.client_ms = std::chrono::duration<double, std::milli>(took).count();
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(response.body).get(document) != simdjson::SUCCESS ||
      document.at_pointer("/stats/elapsed_ms").get(answer.engine_ms) != simdjson::SUCCESS) {
    return Error{Code::kCorrupt, "an answer without stats.elapsed_ms"};
  }
  std::string_view text;
  if (document.at_pointer("/rows/0/0").get(text) == simdjson::SUCCESS) answer.first_value = text;
  double number = 0;
  if (document.at_pointer("/rows/0/0").get(number) == simdjson::SUCCESS) {
    answer.first_number = number;
  }
  return answer;
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

Status AddStatement(net::HttpClient& client, const std::string& name, const std::string& sql,
                    std::size_t runs, BenchReport& report) {
  std::vector<double> engine;
  std::vector<double> total;
  for (std::size_t i = 0; i < runs; ++i) {
    ASSIGN_OR_RETURN(const TimedAnswer answer, Ask(client, sql));
    engine.push_back(answer.engine_ms);
    total.push_back(answer.client_ms);
  }
  report.Add(name + "_engine_p50", Median(std::move(engine)), "ms", 3);
  report.Add(name + "_client_p50", Median(std::move(total)), "ms", 3);
  return Done{};
}

}  // namespace

Result<BenchReport> BenchQuery(const BenchQueryOptions& options) {
  ASSIGN_OR_RETURN(auto url, net::ParseHttpUrl(options.url));
  net::HttpClient client(std::move(url), {.timeout = std::chrono::seconds(60)});
  ASSIGN_OR_RETURN(const auto count, Ask(client, "SELECT count(*)::DOUBLE FROM logs"));
  ASSIGN_OR_RETURN(const auto trace,
                   Ask(client, "SELECT trace_id FROM logs WHERE trace_id IS NOT NULL LIMIT 1"));
  BenchReport report;
  report.Add("rows", count.first_number, "");
  RETURN_IF_ERROR(AddStatement(
      client, "group_by_service",
      "SELECT service_name, count(*) FROM logs WHERE severity_number >= 17 GROUP BY ALL",
      options.runs, report));
  RETURN_IF_ERROR(AddStatement(client, "trace_by_id",
                               "SELECT * FROM logs WHERE trace_id = '" + trace.first_value + "'",
                               options.runs, report));
  RETURN_IF_ERROR(
      AddStatement(client, "attribute_filter",
                   "SELECT count(*) FROM logs WHERE attributes['http.route'] = '/api/checkout'",
                   options.runs, report));
  return report;
}

}  // namespace strata::app
