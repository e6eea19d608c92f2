#include "duck/statement_run.h"

#include <chrono>
#include <new>

#include "duck/answer_writer.h"
#include "duck/fence.h"
#include "duck/statement_state.h"
#include "duckdb/common/exception.hpp"
#include "duckdb/main/pending_query_result.hpp"
#include "duckdb/main/query_result.hpp"
#include "duckdb/parser/sql_statement.hpp"

namespace strata::duck {
namespace {

using duckdb::ExceptionType;
using Clock = std::chrono::steady_clock;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

struct Meaning {
  Code code;
  const char* hint;
};

Meaning MeaningOf(ExceptionType type) {
  switch (type) {
    case ExceptionType::PARSER:
    case ExceptionType::SYNTAX:
      return {Code::kInvalidInput, "the statement is no valid SQL"};
    case ExceptionType::BINDER:
    case ExceptionType::CATALOG:
      return {Code::kInvalidInput,
              "DESCRIBE logs, spans or metrics lists the columns of a view; SHOW TABLES the views"};
    case ExceptionType::PERMISSION:
      return {Code::kForbidden, "a statement can read the views logs, spans and metrics only"};
    case ExceptionType::OUT_OF_MEMORY:
      return {Code::kTooLarge,
              "select fewer columns or a shorter time, aggregate more, or raise query.memory"};
    case ExceptionType::INTERNAL:
    case ExceptionType::FATAL:
      return {Code::kUnavailable,
              "this is a defect; the statement may work when written otherwise"};
    case ExceptionType::IO:
    case ExceptionType::SERIALIZATION:
      return {Code::kUnavailable, ""};
    default:
      return {Code::kInvalidInput, ""};
  }
}

[[noreturn]] void ThrowError(duckdb::BaseQueryResult& result) {
  result.GetErrorObject().Throw();
  throw duckdb::InternalException("no error in a failed result");
}

}  // namespace

duckdb::vector<duckdb::Value> StatementRun::Parameters() const {
  duckdb::vector<duckdb::Value> values;
  for (const Parameter& parameter : input_.statement.parameters) {
    values.push_back(std::visit(Overloaded{[](std::monostate) { return duckdb::Value(); },
                                           [](bool v) { return duckdb::Value::BOOLEAN(v); },
                                           [](std::int64_t v) { return duckdb::Value::BIGINT(v); },
                                           [](double v) { return duckdb::Value::DOUBLE(v); },
                                           [](const std::string& v) { return duckdb::Value(v); }},
                                parameter));
  }
  return values;
}

Answer StatementRun::ExecuteOrThrow(duckdb::Connection& connection) {
  const auto begin = Clock::now();
  const auto state =
      connection.context->registered_state->GetOrCreate<StatementState>(StatementState::kName);
  auto statements = connection.ExtractStatements(input_.statement.sql);
  if (statements.size() != 1) {
    throw duckdb::InvalidInputException(statements.empty() ? "there is no statement"
                                                           : "only one statement is allowed");
  }
  CheckStatement(*statements[0]);
  state->snapshot = input_.snapshot;
  state->files = &input_.files;
  state->cache = &input_.cache;

  auto values = Parameters();
  const auto pending =
      connection.PendingQuery(std::move(statements[0]), values, /*allow_stream_result=*/true);
  if (pending->HasError()) ThrowError(*pending);
  const auto result = pending->Execute();
  if (result->HasError()) ThrowError(*result);
  // The hook of the optimizer saw the plan and let it pass, or nothing is given out.
  if (!state->checked.load()) throw duckdb::PermissionException("the statement was not checked");

  const ResultColumns columns{.names = {result->names.begin(), result->names.end()},
                              .types = result->types};
  const auto writer = MakeAnswerWriter(input_.statement.format, columns, *connection.context);
  AnswerStats stats;
  while (const auto chunk = result->Fetch()) {
    if (chunk->size() == 0) break;
    const duckdb::idx_t left = input_.statement.max_rows - stats.rows;
    const duckdb::idx_t count = std::min<duckdb::idx_t>(chunk->size(), left);
    writer->Add(*chunk, count);
    stats.rows += count;
    if (count < chunk->size() || writer->bytes() > input_.answer_bytes_max) {
      stats.complete = false;
      break;
    }
  }
  if (result->HasError()) ThrowError(*result);

  const auto elapsed = Clock::now() - begin;
  stats.elapsed_ms = std::chrono::duration<double, std::milli>(elapsed).count();
  stats.bytes_read = state->bytes_read.load();
  stats.position = input_.snapshot->position;
  stats.missing_rows = state->missing_rows();
  stats.complete &= !stats.missing_rows;
  if (state->read_hot.load()) stats.tiers.emplace_back("hot");
  if (state->read_parts.load()) stats.tiers.emplace_back("warm");
  writer->Finish(stats);
  return {.content_type = writer->ContentType(),
          .body = writer->TakeBody(),
          .rows = stats.rows,
          .complete = stats.complete,
          .missing_rows = stats.missing_rows,
          .bytes_read = stats.bytes_read,
          .elapsed = elapsed};
}

SqlError StatementRun::Explain(const duckdb::ErrorData& error) {
  std::string message = error.RawMessage();
  // Stack traces of internal errors are for us, not for the client.
  message = message.substr(0, message.find("\n\nStack Trace"));
  if (interrupted_.load(std::memory_order_relaxed)) {
    return {.code = Code::kTimeout,
            .message = "the statement took longer than allowed",
            .hint = "narrow the time range, or raise query.timeout"};
  }
  const Meaning meaning = MeaningOf(error.Type());
  if (error.Type() == ExceptionType::INTERNAL || error.Type() == ExceptionType::FATAL) {
    broken_ = true;
  }
  return {.code = meaning.code, .message = std::move(message), .hint = meaning.hint};
}

std::variant<Answer, SqlError> StatementRun::Execute(duckdb::Connection& connection) {
  const auto state =
      connection.context->registered_state->GetOrCreate<StatementState>(StatementState::kName);
  try {
    return ExecuteOrThrow(connection);
  } catch (const std::bad_alloc&) {
    return SqlError{.code = Code::kTooLarge,
                    .message = "out of memory",
                    .hint = MeaningOf(ExceptionType::OUT_OF_MEMORY).hint};
  } catch (const std::exception& e) {
    const duckdb::ErrorData data(e);
    SqlError error = Explain(data);
    // Files of a snapshot are opened when the plan runs; whoever opens one before names it himself.
    if (data.Type() == ExceptionType::IO && !state->checked.load()) {
      const Meaning meaning = MeaningOf(ExceptionType::PERMISSION);
      error.code = meaning.code;
      error.hint = meaning.hint;
    }
    error.damaged_parts = state->damaged_parts();
    error.unreadable_parts = state->unreadable_parts();
    if (!error.unreadable_parts.empty()) {
      error.code = Code::kUnavailable;
      error.hint = "the disk refused to read a stored file: see the log output";
    }
    if (!error.damaged_parts.empty()) {
      error.code = Code::kCorrupt;
      error.hint = "a stored file is damaged: see strata verify";
    }
    return error;
  }
}

}  // namespace strata::duck
