#include <gtest/gtest.h>

#include "duck/engine.h"
#include "duck/test_rows.h"
#include "os/real_file_system.h"

namespace strata::duck {
namespace {

TEST(Hot, Counts) {
  auto* files = &os::RealFileSystem();
  auto engine = Engine::Open({.concurrency = 1, .threads = 1}, *files);
  ASSERT_TRUE(engine) << engine.error().message;
  TestBlock rows(model::Kind::kLogs);
  for (int i = 0; i < 3000; ++i) {
    rows.BeginRow();
    rows.SetTime(model::kLogTime, 1'700'000'000'000'000'000 + i);
    rows.Set<std::uint8_t>(model::kLogSeverityNumber, static_cast<std::uint8_t>(i % 24));
    rows.SetText(model::kLogSeverityText, i % 2 ? "INFO" : "ERROR");
    rows.SetText(model::kLogBody, "hello body number " + std::to_string(i));
    rows.Resource("svc" + std::to_string(i % 5), {{"host", Str("h1")}});
    rows.Scope("lib", "1", {});
    rows.Attribute("http.route", Str("/api/" + std::to_string(i % 7)));
    rows.Attribute("status", Int(200 + i % 3));
    rows.CommitRow();
  }
  rows.Publish(1);
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->position = 1;
  snapshot->kinds[model::Kind::kLogs].push_back(
      {.collection = "logs", .hot = {rows.Slice()}, .parts = {}});
  for (const char* sql :
       {"SELECT count(*) FROM logs", "SELECT * FROM logs LIMIT 1",
        "SELECT service_name, count(*) FROM logs WHERE severity_number >= 17 GROUP BY 1 ORDER BY 1",
        "SELECT count(*) FROM logs WHERE attributes['http.route'] = '/api/3'",
        "EXPLAIN SELECT count(*) FROM logs WHERE attributes['http.route'] = '/api/3'",
        "SHOW TABLES", "DESCRIBE logs", "SUMMARIZE logs", "SELECT count(*) FROM spans",
        "WITH a AS (SELECT * FROM logs), b AS (SELECT attributes['status'] s FROM a UNION ALL "
        "SELECT attributes['status'] FROM a) SELECT s, count(*) FROM b GROUP BY 1 ORDER BY 1",
        "SELECT now()", "SELECT typeof(now() - INTERVAL 1 HOUR)",
        "SELECT count(*) FROM logs WHERE time > now() - INTERVAL 1 HOUR",
        "EXPLAIN SELECT count(*) FROM logs WHERE time > now() - INTERVAL 1 HOUR",
        "SELECT current_setting('threads')", "SELECT * FROM duckdb_settings()",
        "CREATE TABLE x(a int)"}) {
    auto out = (*engine)->Run({.sql = sql}, snapshot);
    if (auto* answer = std::get_if<Answer>(&out)) {
      std::cout << sql << "\n  -> " << answer->body.substr(0, 3000) << "\n";
    } else {
      auto& e = std::get<SqlError>(out);
      std::cout << sql << "\n  -> " << CodeName(e.code) << ": " << e.message << " / " << e.hint
                << "\n";
    }
  }
}

}  // namespace
}  // namespace strata::duck
