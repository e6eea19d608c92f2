// What a statement may not do, and that the next good one works.
#include <stop_token>
#include <thread>

#include <gtest/gtest.h>

#include "duck/test_engine.h"

namespace strata::duck {
namespace {

using model::Kind;

class Fence : public testing::Test {
 protected:
  Fence() : engine_(OpenEngine(disk_.files())) {
    TestBlock mine(Kind::kLogs);
    AddRow(mine, "mine");
    TestBlock theirs(Kind::kLogs);
    AddRow(theirs, "secret of another namespace");
    const PartRef part =
        MustWritePart(Kind::kLogs, {mine.Slice()}, disk_.files(), "/parts/mine.parquet");
    MustWritePart(Kind::kLogs, {theirs.Slice()}, disk_.files(), "/parts/theirs.parquet");
    snapshot_ = SnapshotOf(Kind::kLogs, {mine.Slice()}, {part});
  }
  static void AddRow(TestBlock& rows, const char* body) {
    rows.BeginRow();
    rows.SetTime(model::kLogTime, 1'700'000'000'000'000'000);
    rows.SetText(model::kLogBody, body);
    rows.Resource("cart", {});
    rows.CommitRow();
    rows.Publish(1);
  }
  std::string Ask(const std::string& sql) { return Rows(*engine_, snapshot_, sql); }
  void ExpectAlive() { EXPECT_EQ(Ask("SELECT DISTINCT body FROM logs"), R"([["mine"]])"); }

  TestDisk disk_;
  std::unique_ptr<Engine> engine_;
  std::shared_ptr<Snapshot> snapshot_;
};

TEST_F(Fence, RefusesWhatDoesNotOnlyReadTheViews) {
  static const char* const kAttacks[] = {
      // Files, part files of another namespace by name among them.
      "SELECT * FROM read_parquet('strata:///parts/theirs.parquet')",
      "SELECT * FROM read_parquet('strata:///parts/mine.parquet')",
      "SELECT * FROM parquet_scan('strata:///parts/theirs.parquet')",
      "SELECT * FROM read_parquet(['strata:///parts/theirs.parquet'])",
      "SELECT * FROM read_parquet('strata://*')",
      "SELECT * FROM read_parquet('/parts/theirs.parquet')",
      "SELECT * FROM 'strata:///parts/theirs.parquet'",
      "SELECT * FROM \"strata:///parts/theirs.parquet\"",
      "FROM 'strata:///parts/theirs.parquet'",
      "SELECT * FROM parquet_metadata('strata:///parts/theirs.parquet')",
      "SELECT * FROM parquet_schema('strata:///parts/mine.parquet')",
      "SELECT * FROM parquet_kv_metadata('strata:///parts/mine.parquet')",
      "SELECT * FROM parquet_file_metadata('strata:///parts/mine.parquet')",
      "SELECT * FROM parquet_bloom_probe('strata:///parts/mine.parquet', 'body', 'x')",
      "SELECT * FROM glob('strata://*')",
      "SELECT * FROM glob('/*')",
      "SELECT * FROM read_text('/etc/passwd')",
      "SELECT content FROM read_blob('strata:///parts/mine.parquet')",
      "SELECT * FROM read_csv('/etc/passwd')",
      "SELECT * FROM read_csv_auto('/etc/passwd')",
      "SELECT * FROM read_json('/etc/passwd')",
      "SELECT * FROM read_json_auto('/etc/passwd')",
      "SELECT * FROM read_ndjson_objects('/etc/passwd')",
      "SELECT * FROM sniff_csv('strata:///parts/mine.parquet')",
      "SELECT (SELECT count(*) FROM read_parquet('strata:///parts/mine.parquet'))",
      "SELECT count(*) FROM logs WHERE body IN (SELECT content FROM read_text('/etc/passwd'))",
      "WITH RECURSIVE r AS (SELECT 1 a UNION ALL SELECT a + 1 FROM r, read_csv('/etc/passwd') "
      "LIMIT 3) SELECT * FROM r",
      "WITH x AS MATERIALIZED (SELECT * FROM read_text('/etc/passwd')) SELECT 1",
      "SELECT * FROM logs, LATERAL (SELECT * FROM read_text('/etc/passwd'))",
      "EXPLAIN SELECT * FROM read_parquet('strata:///parts/theirs.parquet')",
      "EXPLAIN ANALYZE SELECT * FROM read_parquet('strata:///parts/mine.parquet')",
      "DESCRIBE SELECT * FROM read_parquet('strata:///parts/mine.parquet')",
      "SUMMARIZE SELECT * FROM read_parquet('strata:///parts/mine.parquet')",
      "PIVOT (SELECT * FROM read_text('/etc/passwd')) ON filename USING count(*)",
      // SQL in strings.
      "SELECT * FROM query('SELECT * FROM read_parquet(''strata:///parts/mine.parquet'')')",
      "SELECT * FROM query('COPY logs TO ''/tmp/x''')",
      "SELECT * FROM query_table('duckdb_settings')",
      "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM "
      "duckdb_settings()'))",
      "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM "
      "read_text(''/etc/passwd'')'))",
      // The process and its settings.
      "SELECT * FROM duckdb_settings()",
      "SELECT * FROM duckdb_secrets()",
      "SELECT * FROM duckdb_extensions()",
      "SELECT * FROM duckdb_memory()",
      "SELECT * FROM duckdb_temporary_files()",
      "SELECT * FROM duckdb_logs()",
      "SELECT * FROM duckdb_external_file_cache()",
      "SELECT * FROM which_secret('x', 's3')",
      "SELECT current_setting('memory_limit')",
      "SELECT current_setting('secret_directory')",
      "SELECT getenv('HOME')",
      "SELECT * FROM pragma_database_size()",
      "SELECT * FROM pragma_storage_info('logs')",
      "SELECT * FROM pragma_version()",
      "SELECT * FROM enable_logging()",
      "SELECT * FROM force_checkpoint()",
      "SELECT write_log('x')",
      // Statements that are more than a query.
      "COPY logs TO '/tmp/x.parquet'",
      "COPY logs TO 'strata:///parts/x.parquet'",
      "COPY (SELECT 1) TO STDOUT",
      "COPY logs FROM '/etc/passwd'",
      "EXPLAIN COPY logs TO '/tmp/x.parquet'",
      "EXPORT DATABASE '/tmp/x'",
      "IMPORT DATABASE '/tmp/x'",
      "ATTACH '/tmp/x.db'",
      "ATTACH 'strata:///parts/mine.parquet' AS x",
      "DETACH memory",
      "USE memory",
      "CREATE TABLE x AS SELECT 1",
      "CREATE TEMP TABLE x AS SELECT 1",
      "CREATE VIEW x AS SELECT 1",
      "CREATE OR REPLACE VIEW logs AS SELECT 1",
      "CREATE MACRO f(a) AS a",
      "CREATE TEMP MACRO f() AS TABLE SELECT 1",
      "CREATE FUNCTION f(a) AS a",
      "CREATE SECRET s (TYPE s3)",
      "CREATE SEQUENCE s",
      "CREATE TYPE t AS ENUM ('a')",
      "CREATE SCHEMA s",
      "CREATE INDEX i ON logs (body)",
      "DROP VIEW logs",
      "ALTER VIEW logs RENAME TO x",
      "INSERT INTO logs VALUES (1)",
      "UPDATE logs SET body = 'x'",
      "DELETE FROM logs",
      "MERGE INTO logs USING logs l ON true WHEN MATCHED THEN DELETE",
      "TRUNCATE logs",
      "SET memory_limit = '100GB'",
      "SET lock_configuration = false",
      "SET VARIABLE x = 1",
      "RESET memory_limit",
      "PRAGMA memory_limit = '100GB'",
      "PRAGMA database_list",
      "CALL pragma_version()",
      "CALL duckdb_settings()",
      "INSTALL httpfs",
      "LOAD httpfs",
      "LOAD '/tmp/x.so'",
      "UPDATE EXTENSIONS",
      "PREPARE p AS SELECT 1",
      "EXECUTE p",
      "DEALLOCATE p",
      "BEGIN TRANSACTION",
      "COMMIT",
      "CHECKPOINT",
      "VACUUM",
      "COMMENT ON VIEW logs IS 'x'",
      "SELECT 1; SELECT 2",
      "SELECT 1; DROP VIEW logs",
      "",
      ";",
      "-- nothing",
  };
  for (const char* attack : kAttacks) {
    const std::string answer = Ask(attack);
    EXPECT_EQ(answer.substr(0, 7), "error: ") << attack << " -> " << answer;
    EXPECT_EQ(answer.find("secret of"), std::string::npos) << attack;
    EXPECT_EQ(answer.find("unavailable"), std::string::npos) << attack << " -> " << answer;
  }
  ExpectAlive();
}

TEST_F(Fence, AllowsWhatOnlyReads) {
  for (const char* sql : {"SELECT 1",
                          "VALUES (1), (2)",
                          "WITH x AS (SELECT 1) SELECT * FROM x",
                          "SHOW TABLES",
                          "SHOW ALL TABLES",
                          "DESCRIBE logs",
                          "SUMMARIZE logs",
                          "EXPLAIN SELECT * FROM logs",
                          "EXPLAIN ANALYZE SELECT * FROM logs",
                          "FROM logs SELECT count(*)",
                          "SELECT * FROM range(3)",
                          "SELECT unnest([1, 2])",
                          "SELECT * FROM generate_series(1, 3)",
                          "PIVOT logs ON severity_number IN (1, 2) USING count(*)",
                          "SELECT * FROM duckdb_views()",
                          "SELECT table_name FROM information_schema.tables",
                          "SELECT * FROM query('SELECT 1')",
                          "SELECT * FROM query_table('logs')",
                          "SELECT count(*) FROM logs a JOIN logs b USING (position)",
                          "SELECT * FROM strata_logs()",
                          "SELECT body FROM logs USING SAMPLE 1 ROWS",
                          "SELECT row_number() OVER (ORDER BY time) FROM logs"}) {
    EXPECT_NE(Ask(sql).substr(0, 7), "error: ") << sql << " -> " << Ask(sql);
  }
}

TEST_F(Fence, ErrorsSayWhatToDo) {
  const auto error = [&](const std::string& sql) {
    const auto outcome = engine_->Run({.sql = sql}, snapshot_);
    EXPECT_TRUE(std::holds_alternative<SqlError>(outcome)) << sql;
    return std::get<SqlError>(outcome);
  };
  EXPECT_EQ(error("SELEC 1").code, Code::kInvalidInput);
  EXPECT_EQ(error("SELECT nothing FROM logs").code, Code::kInvalidInput);
  EXPECT_NE(error("SELECT nothing FROM logs").hint, "");
  EXPECT_EQ(error("SELECT * FROM nowhere").code, Code::kInvalidInput);
  EXPECT_EQ(error("SELECT body::INTEGER FROM logs").code, Code::kInvalidInput);
  EXPECT_EQ(error("DROP VIEW logs").code, Code::kForbidden);
  EXPECT_EQ(error("SELECT * FROM duckdb_settings()").code, Code::kForbidden);
  EXPECT_EQ(error("SELECT ?").code, Code::kInvalidInput);  // a parameter is missing
  ExpectAlive();
}

TEST_F(Fence, ParametersAreValues) {
  const auto good =
      engine_->Run({.sql = "SELECT $1 AS a, $2 AS b, count(*) AS n FROM logs "
                           "WHERE body = $3",
                    .parameters = {std::int64_t{5}, std::monostate(), std::string("mine")},
                    .format = Format::kNdjson},
                   snapshot_);
  ASSERT_TRUE(std::holds_alternative<Answer>(good)) << std::get<SqlError>(good).message;
  EXPECT_EQ(std::get<Answer>(good).body, "{\"a\":5,\"b\":null,\"n\":2}\n");
}

TEST_F(Fence, DeadlineEndsWhatRunsForEver) {
  for (const char* sql :
       {"WITH RECURSIVE r AS (SELECT 1 a UNION ALL SELECT a + 1 FROM r) SELECT count(*) FROM r",
        "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range % 7 = b.range",
        "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"}) {
    const auto outcome = engine_->Run(
        {.sql = sql, .deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300)},
        snapshot_);
    ASSERT_TRUE(std::holds_alternative<SqlError>(outcome)) << sql;
    EXPECT_EQ(std::get<SqlError>(outcome).code, Code::kTimeout)
        << sql << ": " << std::get<SqlError>(outcome).message;
    ExpectAlive();
  }
}

TEST_F(Fence, AStopEndsTheStatement) {
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  const auto outcome = engine_->Run(
      {.sql = "WITH RECURSIVE r AS (SELECT 1 a UNION ALL SELECT a + 1 FROM r) SELECT count(*) "
              "FROM r",
       .stop = stop.get_token()},
      snapshot_);
  ASSERT_TRUE(std::holds_alternative<SqlError>(outcome));
  EXPECT_EQ(std::get<SqlError>(outcome).code, Code::kTimeout);
  ExpectAlive();
}

TEST_F(Fence, MemoryIsLimited) {
  const auto small =
      OpenEngine(disk_.files(), {.memory_bytes = 64ULL << 20, .concurrency = 1, .threads = 1});
  for (const char* sql :
       {"SELECT count(*) FROM (SELECT DISTINCT range || 'some text to make it long' FROM "
        "range(20000000))",
        "SELECT list(range) FROM range(100000000)",
        "SELECT string_agg(range::VARCHAR, ',') FROM range(100000000)",
        "SELECT a.range FROM range(30000000) a ORDER BY hash(a.range)",
        "SELECT repeat('x', 4000000000)", "SELECT length(repeat('x', 1000000000))",
        "SELECT range(1000000000)", "SELECT len(range(10000000000))",
        "SELECT generate_series(1, 1000000000)", "SELECT lpad('x', 2000000000, 'y')",
        "SELECT rpad('x', 2000000000, 'y')", "SELECT list_resize([1], 2000000000, 0)",
        "SELECT array_resize([1], 2000000000)", "SELECT printf('%1000000000d', 1)",
        "SELECT format('{:>1000000000}', 'x')", "SELECT bar(1, 0, 1, 1e9)"}) {
    const auto outcome = small->Run(
        {.sql = sql, .deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60)},
        snapshot_);
    ASSERT_TRUE(std::holds_alternative<SqlError>(outcome)) << sql;
    EXPECT_TRUE(std::get<SqlError>(outcome).code == Code::kTooLarge ||
                std::get<SqlError>(outcome).code == Code::kInvalidInput)
        << sql << ": " << CodeName(std::get<SqlError>(outcome).code) << " "
        << std::get<SqlError>(outcome).message;
    EXPECT_EQ(Rows(*small, snapshot_, "SELECT DISTINCT body FROM logs"), R"([["mine"]])");
  }
}

TEST_F(Fence, AnswersAreCutAtTheLimits) {
  const auto rows =
      engine_->Run({.sql = "SELECT * FROM range(10000)", .max_rows = 3000}, snapshot_);
  ASSERT_TRUE(std::holds_alternative<Answer>(rows));
  EXPECT_EQ(std::get<Answer>(rows).rows, 3000U);
  EXPECT_FALSE(std::get<Answer>(rows).complete);
  EXPECT_NE(std::get<Answer>(rows).body.find(R"("complete":false)"), std::string::npos);
  const auto exact =
      engine_->Run({.sql = "SELECT * FROM range(3000)", .max_rows = 3000}, snapshot_);
  EXPECT_TRUE(std::get<Answer>(exact).complete);
  const auto small =
      OpenEngine(disk_.files(), {.concurrency = 1, .threads = 1, .answer_bytes_max = 100'000});
  const auto bytes = small->Run({.sql = "SELECT range FROM range(1000000)"}, snapshot_);
  ASSERT_TRUE(std::holds_alternative<Answer>(bytes));
  EXPECT_FALSE(std::get<Answer>(bytes).complete);
  EXPECT_LT(std::get<Answer>(bytes).body.size(), 300'000U);
}

TEST_F(Fence, TooManyStatementsAreToldToWait) {
  std::stop_source stop;
  std::atomic<bool> running{false};
  std::jthread busy([&] {
    running.store(true);
    engine_->Run({.sql = "WITH RECURSIVE r AS (SELECT 1 a UNION ALL SELECT a + 1 FROM r) SELECT "
                         "count(*) FROM r",
                  .stop = stop.get_token()},
                 snapshot_);
  });
  while (!running.load() || engine_->stats().running == 0) std::this_thread::yield();
  const auto refused =
      engine_->Run({.sql = "SELECT 1",
                    .deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(100)},
                   snapshot_);
  ASSERT_TRUE(std::holds_alternative<SqlError>(refused));
  EXPECT_EQ(std::get<SqlError>(refused).code, Code::kExhausted);
  stop.request_stop();
  busy.join();
  ExpectAlive();
}

}  // namespace
}  // namespace strata::duck
