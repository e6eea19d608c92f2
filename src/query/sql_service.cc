#include "query/sql_service.h"

#include <utility>

#include <simdjson.h>

namespace strata::query {
namespace {

constexpr std::size_t kParametersMax = 1000;

duck::Format FormatOf(SqlFormat format) {
  switch (format) {
    case SqlFormat::kJson:
      return duck::Format::kJson;
    case SqlFormat::kNdjson:
      return duck::Format::kNdjson;
    case SqlFormat::kCsv:
      return duck::Format::kCsv;
    case SqlFormat::kParquet:
      return duck::Format::kParquet;
  }
  return duck::Format::kJson;
}

SqlAnswer Failure(Code code, std::string message, std::string hint = {}) {
  SqlAnswer answer;
  answer.error = SqlError{code, std::move(message), std::move(hint)};
  return answer;
}

Error BadParameters(std::string_view what) {
  return {Code::kInvalidInput, "params: " + std::string(what)};
}

Result<duck::Parameter> ParameterOf(const simdjson::dom::element& element) {
  using Type = simdjson::dom::element_type;
  switch (element.type()) {
    case Type::NULL_VALUE:
      return duck::Parameter(std::monostate());
    case Type::BOOL:
      return duck::Parameter(bool(element));
    case Type::INT64:
      return duck::Parameter(std::int64_t(element));
    case Type::UINT64:
      return BadParameters("a number is beyond 2^63; write it as a string and cast it");
    case Type::DOUBLE:
      return duck::Parameter(double(element));
    case Type::STRING:
      return duck::Parameter(std::string(std::string_view(element)));
    case Type::ARRAY:
    case Type::OBJECT:
      return BadParameters("only null, booleans, numbers and strings can be parameters");
  }
  return BadParameters("unknown type");
}

}  // namespace

Result<std::vector<duck::Parameter>> ParseParameters(std::string_view json) {
  std::vector<duck::Parameter> parameters;
  if (json.empty()) return parameters;
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  const simdjson::padded_string padded(json);
  if (parser.parse(padded).get(array) != simdjson::SUCCESS) {
    return BadParameters("not a JSON array");
  }
  for (const simdjson::dom::element element : array) {
    if (parameters.size() == kParametersMax) return BadParameters("more than 1000");
    ASSIGN_OR_RETURN(duck::Parameter parameter, ParameterOf(element));
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

SqlService::SqlService(const SqlConfig& config, duck::Engine& engine,
                       const SnapshotTaker& snapshots, ReportPart report_part, const Clock& clock,
                       model::Registry& registry)
    : config_(config),
      engine_(engine),
      snapshots_(snapshots),
      report_part_(std::move(report_part)),
      clock_(clock),
      statements_(registry.AddCounter("strata_query_statements_total", "SQL statements run.")),
      failures_(registry.AddCounter("strata_query_failures_total",
                                    "SQL statements that were answered with an error.")),
      seconds_(registry.AddHistogram("strata_query_seconds",
                                     "One SQL statement, from its snapshot to its answer.",
                                     model::kSecondsBounds)) {}

void SqlService::Run(SqlRequest&& request, Callback<void(SqlAnswer&&)> done,
                     std::stop_token cancelled) {
  const MonotonicTime began = clock_.Monotonic();
  SqlAnswer answer = Answer(request, cancelled);
  seconds_.Observe(std::chrono::duration<double>(clock_.Monotonic() - began).count());
  statements_.Add();
  if (answer.error) failures_.Add();
  done(std::move(answer));
}

std::variant<duck::Answer, duck::SqlError> SqlService::RunOnWhatReads(
    const duck::Statement& statement, const std::string& namespace_name) {
  for (PartFaults faults(report_part_);;) {
    auto outcome = engine_.Run(statement, snapshots_.Take(namespace_name));
    const auto* error = std::get_if<duck::SqlError>(&outcome);
    if (error == nullptr || !faults.MakeAnotherRunWorthwhile(*error)) return outcome;
  }
}

SqlAnswer SqlService::Answer(const SqlRequest& request, const std::stop_token& cancelled) {
  if (!accepting_.load(std::memory_order_acquire)) {
    return Failure(Code::kUnavailable, "strata is starting: the log is being read back",
                   "try again when /readyz answers 200");
  }
  auto parameters = ParseParameters(request.params_json);
  if (!parameters) return Failure(Code::kInvalidInput, std::move(parameters).error().message);

  const SqlConfig& config = config_.Get();
  const duck::Statement statement{
      .sql = request.sql,
      .parameters = std::move(*parameters),
      .format = FormatOf(request.format),
      .max_rows = config.max_rows,
      .deadline = clock_.Monotonic() + config.timeout,
      .stop = cancelled,
  };
  auto outcome = RunOnWhatReads(statement, request.namespace_name);
  if (auto* error = std::get_if<duck::SqlError>(&outcome)) {
    return Failure(error->code, std::move(error->message), std::move(error->hint));
  }
  auto& answered = std::get<duck::Answer>(outcome);
  SqlAnswer answer;
  answer.content_type = std::move(answered.content_type);
  answer.body = std::move(answered.body);
  if (!answered.complete) answer.headers.emplace_back("strata-complete", "false");
  if (answered.missing_rows) {
    answer.headers.emplace_back("strata-missing-rows", std::to_string(*answered.missing_rows));
  }
  return answer;
}

}  // namespace strata::query
