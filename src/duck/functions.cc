#include "duck/functions.h"

#include <string>

#include "duck/bounded_functions.h"
#include "duckdb/common/types/interval.hpp"
#include "duckdb/common/vector_operations/binary_executor.hpp"
#include "duckdb/function/scalar_function.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/parser/parsed_data/create_scalar_function_info.hpp"
#include "duckdb/planner/expression/bound_function_expression.hpp"
#include "duckdb/transaction/meta_transaction.hpp"

namespace strata::duck {
namespace {

using duckdb::DataChunk;
using duckdb::ExpressionState;
using duckdb::interval_t;
using duckdb::LogicalType;
using duckdb::ScalarFunction;
using duckdb::timestamp_ns_t;
using duckdb::Vector;

// The same for all calls of a statement, as SQL wants it: DuckDB keeps the time of the
// transaction's begin, in microseconds.
void Now(DataChunk&, ExpressionState& state, Vector& out) {
  const auto micros =
      duckdb::MetaTransaction::Get(state.GetContext()).GetCurrentTransactionStartTimestamp();
  const auto value = duckdb::Value::TIMESTAMPNS(timestamp_ns_t(micros.value * 1000));
  out.Reference(value);
}

timestamp_ns_t AddInterval(timestamp_ns_t time, const interval_t& interval, std::int64_t sign) {
  // Months and days go by the calendar, in microseconds; what is below a microsecond stays aside.
  std::int64_t micros = time.value / 1000;
  std::int64_t rest = time.value % 1000;
  if (rest < 0) {
    rest += 1000;
    --micros;
  }
  interval_t signed_interval;
  signed_interval.months = static_cast<std::int32_t>(interval.months * sign);
  signed_interval.days = static_cast<std::int32_t>(interval.days * sign);
  signed_interval.micros = interval.micros * sign;
  const auto moved = duckdb::Interval::Add(duckdb::timestamp_t(micros), signed_interval);
  std::int64_t nanos = 0;
  if (__builtin_mul_overflow(moved.value, 1000, &nanos) ||
      __builtin_add_overflow(nanos, rest, &nanos)) {
    throw duckdb::OutOfRangeException("time out of range: TIMESTAMP_NS ends in April 2262");
  }
  return timestamp_ns_t(nanos);
}

template <std::int64_t kSign>
void TimeAndInterval(DataChunk& args, ExpressionState&, Vector& out) {
  duckdb::BinaryExecutor::Execute<timestamp_ns_t, interval_t, timestamp_ns_t>(
      args.data[0], args.data[1], out, args.size(),
      [](timestamp_ns_t time, interval_t interval) { return AddInterval(time, interval, kSign); });
}

void IntervalAndTime(DataChunk& args, ExpressionState&, Vector& out) {
  duckdb::BinaryExecutor::Execute<interval_t, timestamp_ns_t, timestamp_ns_t>(
      args.data[0], args.data[1], out, args.size(),
      [](interval_t interval, timestamp_ns_t time) { return AddInterval(time, interval, 1); });
}

duckdb::unique_ptr<duckdb::FunctionData> Refuse(
    duckdb::ClientContext&, ScalarFunction& function,
    duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>&) {
  throw duckdb::PermissionException("function %s may not be used", function.name);
}

void Replace(duckdb::ExtensionLoader& loader, duckdb::ScalarFunctionSet set) {
  duckdb::CreateScalarFunctionInfo info(std::move(set));
  info.on_conflict = duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
  loader.RegisterFunction(std::move(info));
}

void Replace(duckdb::ExtensionLoader& loader, ScalarFunction function) {
  duckdb::ScalarFunctionSet set(function.name);
  set.AddFunction(std::move(function));
  Replace(loader, std::move(set));
}

}  // namespace

void RegisterFunctions(duckdb::ExtensionLoader& loader) {
  for (const char* name :
       {"now", "get_current_timestamp", "transaction_timestamp", "current_localtimestamp"}) {
    ScalarFunction now(name, {}, LogicalType::TIMESTAMP_NS, Now);
    now.stability = duckdb::FunctionStability::CONSISTENT_WITHIN_QUERY;
    Replace(loader, std::move(now));
  }
  loader.AddFunctionOverload(ScalarFunction("-", {LogicalType::TIMESTAMP_NS, LogicalType::INTERVAL},
                                            LogicalType::TIMESTAMP_NS, TimeAndInterval<-1>));
  loader.AddFunctionOverload(ScalarFunction("+", {LogicalType::TIMESTAMP_NS, LogicalType::INTERVAL},
                                            LogicalType::TIMESTAMP_NS, TimeAndInterval<1>));
  loader.AddFunctionOverload(ScalarFunction("+", {LogicalType::INTERVAL, LogicalType::TIMESTAMP_NS},
                                            LogicalType::TIMESTAMP_NS, IntervalAndTime));
  for (const char* name : {"current_setting", "getenv", "write_log"}) {
    ScalarFunction refused(
        name, {LogicalType::VARCHAR}, LogicalType::VARCHAR,
        [](DataChunk&, ExpressionState&, Vector&) {}, Refuse);
    refused.varargs = LogicalType::ANY;
    Replace(loader, std::move(refused));
  }
  BoundFunctions(loader);
}

}  // namespace strata::duck
