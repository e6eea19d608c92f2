// The way of a statement up to its plan; nothing is executed. Properties: what passes the fence is
// one statement whose plan only reads our scans; and the rewrite of attributes['key'] neither
// breaks a plan that DuckDB can make nor changes the types of its answer.
//
// Input: the statement. A mutator of its own moves words about.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "duck/fence.h"
#include "duck/instance.h"
#include "duck/statement_state.h"
#include "duckdb/common/exception.hpp"
#include "duckdb/planner/operator/logical_get.hpp"

namespace strata::duck {
namespace {

constexpr std::string_view kWords =
    "SELECT|*|,|FROM|logs|spans|metrics|WHERE|(|)|attributes|resource_attributes|"
    "scope_attributes|['k']|['http.route']|['K']|[body]|=|<|IS NOT NULL|AND|OR|NOT|'x'|'k'|1|"
    "NULL|GROUP BY|ORDER BY|LIMIT 3|HAVING|count(*)|max|first|any_value|list|AS a|a|b|AS b|"
    "JOIN|LEFT JOIN|FULL JOIN|ASOF JOIN|POSITIONAL JOIN|SEMI JOIN|LATERAL|ON|"
    "USING (position)|UNION ALL|UNION|EXCEPT|INTERSECT|WITH a AS|WITH RECURSIVE|MATERIALIZED|"
    "DISTINCT|DISTINCT ON|OVER (PARTITION BY|ROW_NUMBER()|QUALIFY|CASE WHEN|THEN|ELSE|END|"
    "CAST(|::INTEGER|::VARCHAR|time|body|severity_number|trace_id|position|service_name|IN (|"
    "EXISTS (|BETWEEN|LIKE 'x%'|map_keys(|map_values(|map_extract(|element_at(|cardinality(|"
    "unnest(|VALUES (1)|DESCRIBE|SUMMARIZE|SHOW TABLES|EXPLAIN|EXPLAIN ANALYZE|PIVOT|UNPIVOT|"
    "TABLE|USING SAMPLE 3|OFFSET 1|NULLS FIRST|GROUPING SETS|ROLLUP|ALL|;|INSERT INTO|UPDATE|"
    "DELETE FROM|CREATE TABLE x AS|DROP VIEW|COPY|TO 'x.csv'|ATTACH 'x.db'|INSTALL httpfs|"
    "LOAD httpfs|SET threads = 1|PRAGMA version|read_csv('/etc/passwd')|read_parquet('x')|"
    "glob('*')|'x.parquet'|read_text('x')|duckdb_secrets()|duckdb_settings()|getenv('HOME')|"
    "strata_logs()|parquet_scan('strata://x')|range(3)|json_each('{}')|$1|?|-- |/*";

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    pieces.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return pieces;
}

// A word more, less, other, or elsewhere: most statements stay SQL. Bytes are not mutated: DuckDB's
// parser is not what is tested.
std::string Mutate(std::string_view sql, std::mt19937& random) {
  static const std::vector<std::string_view> words = Split(kWords, '|');
  std::vector<std::string_view> pieces = Split(sql, ' ');
  for (std::uint32_t steps = 1 + random() % 4; steps > 0; --steps) {
    const auto at = pieces.begin() + static_cast<std::ptrdiff_t>(random() % (pieces.size() + 1));
    const std::string_view word = words[random() % words.size()];
    if (at == pieces.end() || random() % 3 == 0) {
      pieces.insert(at, word);
    } else if (random() % 3 == 0 && pieces.size() > 1) {
      pieces.erase(at);
    } else if (random() % 2 == 0) {
      std::swap(*at, pieces[random() % pieces.size()]);
    } else {
      *at = word;
    }
  }
  std::string mutated;
  for (const std::string_view piece : pieces) mutated.append(mutated.empty() ? "" : " ") += piece;
  return mutated;
}

enum class Fate : std::uint8_t { kPlanned, kForbidden, kFailed };

struct Planned {
  Fate fate = Fate::kFailed;
  std::string message;
  duckdb::vector<duckdb::LogicalType> types;
  duckdb::unique_ptr<duckdb::LogicalOperator> plan;
};

Instance& TheInstance() {
  static const auto opened = Instance::Open({.memory_bytes = 256ULL << 20, .threads = 1});
  CHECK(opened.has_value());
  return **opened;
}

// As StatementRun does it, up to the plan. Not `fenced`: as DuckDB would plan it.
Planned Plan(const std::string& sql, bool fenced) {
  Planned planned;
  const auto connection = TheInstance().Connect();
  const auto state =
      connection->context->registered_state->GetOrCreate<StatementState>(StatementState::kName);
  try {
    const auto statements = connection->ExtractStatements(sql);
    if (statements.size() != 1) return planned;
    CheckStatement(*statements[0]);
    if (fenced) state->snapshot = std::make_shared<Snapshot>();
    planned.plan = connection->ExtractPlan(sql);
    planned.types = planned.plan->types;
    planned.fate = Fate::kPlanned;
    CHECK(state->checked.load() == fenced);
  } catch (const std::exception& e) {
    const duckdb::ErrorData error(e);
    planned.message = error.RawMessage();
    if (error.Type() == duckdb::ExceptionType::PERMISSION) planned.fate = Fate::kForbidden;
  }
  return planned;
}

// The fence in other words: what must not be, instead of what may.
void CheckReadsOnly(const duckdb::LogicalOperator& plan) {
  using Type = duckdb::LogicalOperatorType;
  // DuckDB numbers what changes something, or is no query, from 100 on.
  CHECK(plan.type < Type::LOGICAL_INSERT || plan.type == Type::LOGICAL_EXPLAIN);
  CHECK(plan.type != Type::LOGICAL_COPY_TO_FILE);
  if (plan.type == Type::LOGICAL_GET) {
    const std::string& name = plan.Cast<duckdb::LogicalGet>().function.name;
    for (const char* reads : {"read_", "parquet", "glob", "sniff", "pragma", "secret", "setting"}) {
      CHECK(name.find(reads) == std::string::npos);
    }
  }
  for (const auto& child : plan.children) CheckReadsOnly(*child);
}

}  // namespace
}  // namespace strata::duck

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata::duck;  // NOLINT(google-build-using-namespace)
  const std::string sql(reinterpret_cast<const char*>(data), size);
  const Planned fenced = Plan(sql, true);
  if (fenced.fate == Fate::kPlanned) CheckReadsOnly(*fenced.plan);
  const Planned plain = Plan(sql, false);
  if (plain.fate != Fate::kPlanned || fenced.fate == Fate::kForbidden) return 0;
  if (fenced.fate != Fate::kPlanned) {
    std::fprintf(stderr, "%s\nis planned, but not with the rewrite: %s\n", sql.c_str(),
                 fenced.message.c_str());
  }
  CHECK(fenced.fate == Fate::kPlanned);
  CHECK(fenced.types == plain.types);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t size_max, unsigned seed) {
  std::mt19937 random(seed);
  const std::string mutated =
      strata::duck::Mutate({reinterpret_cast<const char*>(data), size}, random).substr(0, size_max);
  std::ranges::copy(mutated, data);
  return mutated.size();
}
