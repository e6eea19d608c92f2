// Answers in Parquet: another reader finds in them what the statement said.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "duck/library.h"
#include "duck/test_engine.h"
#include "duckdb/main/connection.hpp"

namespace strata::duck {
namespace {

class ParquetAnswers : public testing::Test {
 protected:
  ParquetAnswers()
      : engine_(OpenEngine(disk_.files(),
                           {.concurrency = 1, .threads = 2, .answer_bytes_max = 4U << 20})),
        path_(std::filesystem::path(testing::TempDir()) / "strata-answer-test.parquet") {}
  ~ParquetAnswers() override { std::filesystem::remove(path_); }

  Answer Run(const std::string& sql) {
    auto outcome =
        engine_->Run({.sql = sql, .format = Format::kParquet}, SnapshotOf(model::Kind::kLogs, {}));
    if (const auto* error = std::get_if<SqlError>(&outcome)) {
      ADD_FAILURE() << sql << ": " << error->message;
      return {};
    }
    return std::get<Answer>(std::move(outcome));
  }
  // The rows of `what` over the answer to `sql`, as DuckDB's own reader has them.
  std::string ReadBack(const std::string& sql, const std::string& what) {
    const Answer answer = Run(sql);
    std::ofstream(path_, std::ios::binary) << answer.body;
    const auto connection = LibraryConnection();
    const auto result =
        connection->Query("SELECT " + what + " FROM read_parquet('" + path_.string() + "')");
    if (result->HasError()) return result->GetError();
    std::string rows;
    for (duckdb::idx_t row = 0; row < result->RowCount(); ++row) {
      for (duckdb::idx_t i = 0; i < result->ColumnCount(); ++i) {
        rows += (i == 0 ? "" : "|") + result->GetValue(i, row).ToString();
      }
      rows += '\n';
    }
    return rows;
  }

  TestDisk disk_;
  std::unique_ptr<Engine> engine_;
  const std::filesystem::path path_;
};

TEST_F(ParquetAnswers, FloatsKeepEveryBit) {
  // Each value comes often, so that a dictionary would be used if one were allowed.
  for (const char* type : {"DOUBLE", "FLOAT"}) {
    const std::string value =
        std::string(
            "(CASE i % 4 WHEN 0 THEN '-0.0' WHEN 1 THEN '0.0' WHEN 2 THEN 'nan' ELSE "
            "'-inf' END)::") +
        type;
    for (const char* column : {"v", "l[1]"}) {
      EXPECT_EQ(
          ReadBack("SELECT " + value + " v, [" + value + "] l FROM range(1000) t(i)",
                   std::string("count(*) FILTER (") + column +
                       "::VARCHAR = '-0.0'), count(*) FILTER (" + column +
                       "::VARCHAR = '0.0'), count(*) FILTER (" + column +
                       "::VARCHAR = 'nan'), count(*) FILTER (" + column + "::VARCHAR = '-inf')"),
          "250|250|250|250\n")
          << type << " " << column;
    }
  }
}

TEST_F(ParquetAnswers, EveryTypeComesBack) {
  const std::string columns =
      "i, i % 2 = 0 AS b, i::UTINYINT AS u8, -i AS n, i::UBIGINT AS u64, 'text ' || i AS t, "
      "'\\x00\\xFF'::BLOB AS raw, TIMESTAMP_NS '2026-01-02 03:04:05.123456789' AS time, "
      "CASE WHEN i % 3 = 0 THEN NULL ELSE i END AS maybe, [i, NULL, 2] AS list, "
      "{'a': i, 'b': {'c': 'x' || i}} AS record, MAP {'k' || i: 'v'} AS map, "
      "CAST(i AS DECIMAL(18, 3)) AS money, DATE '2026-01-02' AS day, [] AS none";
  const std::string all = "SELECT " + columns + " FROM range(100) t(i)";
  const auto connection = LibraryConnection();
  const auto wanted = connection->Query(all);
  ASSERT_FALSE(wanted->HasError()) << wanted->GetError();
  std::string rows;
  for (duckdb::idx_t row = 0; row < wanted->RowCount(); ++row) {
    for (duckdb::idx_t i = 0; i < wanted->ColumnCount(); ++i) {
      rows += (i == 0 ? "" : "|") + wanted->GetValue(i, row).ToString();
    }
    rows += '\n';
  }
  EXPECT_EQ(ReadBack(all, "*"), rows);
}

TEST_F(ParquetAnswers, ManyRowGroupsAndNoRows) {
  EXPECT_EQ(ReadBack("SELECT i, 'x' || i AS t FROM range(100_000) r(i)",
                     "count(*), sum(i), count(DISTINCT t), max(t)"),
            "100000|4999950000|100000|x99999\n");
  EXPECT_EQ(ReadBack("SELECT 1 AS a WHERE false", "count(*), count(a)"), "0|0\n");
}

// What waits for its row group counts as well: nothing compresses it yet.
TEST_F(ParquetAnswers, AreBoundedInBytes) {
  const Answer texts = Run("SELECT repeat('x', 1_000) || i AS t FROM range(100_000) r(i)");
  EXPECT_FALSE(texts.complete);
  EXPECT_LT(texts.rows, 10'000U);
  const Answer nested =
      Run("SELECT [{'t': repeat('x', 1_000) || i}] AS t FROM range(100_000) r(i)");
  EXPECT_FALSE(nested.complete);
  EXPECT_LT(nested.rows, 10'000U);
  EXPECT_TRUE(Run("SELECT i FROM range(100_000) r(i)").complete);
}

}  // namespace
}  // namespace strata::duck
