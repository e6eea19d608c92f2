// Each way of filtering gives the rows that DuckDB gives without our help, over hot rows and parts,
// and beside a writer.
#include <atomic>
#include <iterator>
#include <limits>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "duck/instance.h"
#include "duck/part_cache.h"
#include "duck/statement_run.h"
#include "duck/test_engine.h"

namespace strata::duck {
namespace {

using model::Kind;

constexpr std::int64_t kTime = 1'700'000'000'000'000'000;

constexpr double kOddNumbers[] = {0.0,
                                  -0.0,
                                  0.1,
                                  1e300,
                                  std::numeric_limits<double>::infinity(),
                                  -std::numeric_limits<double>::infinity(),
                                  std::numeric_limits<double>::quiet_NaN()};

// Whether some attributes are in no column of a block. If so, every chunk has some.
enum class Rests : std::uint8_t { kSome, kNone };

// Rows whose columns meet every form that a block stores: dictionaries, raw text after too many
// values, mixed types, rests, absent chunks, NULLs, hidden rows.
void AddRandomRows(TestBlock& rows, int count, std::mt19937& random, std::uint64_t position,
                   Rests rests = Rests::kSome) {
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int i = 0; i < count; ++i) {
    rows.BeginRow();
    rows.SetTime(model::kLogTime, pick(20) == 0 ? 0 : kTime + pick(1000) * 1'000'000'000LL);
    rows.SetTime(model::kLogObservedTime, pick(2) == 0 ? 0 : kTime + pick(5));
    rows.Set<std::uint8_t>(model::kLogSeverityNumber, static_cast<std::uint8_t>(pick(25)));
    if (pick(3) != 0) rows.SetText(model::kLogSeverityText, pick(2) == 0 ? "INFO" : "ERROR");
    rows.SetText(model::kLogBody, "body " + std::to_string(pick(5000)));
    rows.Set<std::uint8_t>(model::kLogBodyType, 's');
    std::string id(16, 'a');
    id[3] = static_cast<char>('a' + pick(20));
    rows.SetId(model::kLogTraceId, pick(4) == 0 ? "" : id);
    rows.SetId(model::kLogSpanId, id.substr(0, 8));
    rows.Set<std::uint32_t>(model::kLogFlags, static_cast<std::uint32_t>(pick(3)));
    rows.Resource(
        "service-" + std::to_string(pick(9)),
        pick(2) == 0 ? TestAttributes{{"zone", Str(pick(2) == 0 ? "a" : "b")}} : TestAttributes{});
    rows.Scope(pick(2) == 0 ? "lib" : "", "1", {});
    rows.Attribute("few", Str("v" + std::to_string(pick(5))));
    if (pick(2) == 0) rows.Attribute("many", Str("value-" + std::to_string(pick(100'000))));
    if (pick(3) == 0) rows.Attribute("number", Int(pick(50) - 10));
    if (pick(5) == 0) {
      rows.Attribute("mixed", Int(pick(3)));
    } else if (pick(2) == 0) {
      rows.Attribute("mixed", Str(std::to_string(pick(3))));
    }
    if (pick(7) == 0) rows.Attribute("ratio", Dbl(0.5 * pick(4), ""));
    if (pick(3) == 0)
      rows.Attribute("odd", Dbl(kOddNumbers[pick(static_cast<int>(std::size(kOddNumbers)))], ""));
    if (pick(9) == 0) rows.Attribute("flag", Bool(pick(2) == 0));
    if (rests == Rests::kSome && pick(11) == 0) {
      rows.Attribute("few.rest", Other(model::AnyType::kBytes, "AQI="));
    }
    if (pick(40) == 0) {
      rows.HideRow();
    } else {
      rows.CommitRow();
      if (pick(50) == 0) rows.Publish(position++);
    }
  }
  rows.Publish(position);
}

constexpr const char* kConditions[] = {
    "severity_number >= 17",
    "severity_number > 5",
    "severity_number < 3",
    "severity_number <= 3",
    "severity_number = 9",
    "severity_number <> 9",
    "severity_number IN (1, 2, 3)",
    "severity_number BETWEEN 4 AND 8",
    "severity_number % 2 = 0",
    "time > TIMESTAMP_NS '2023-11-14 22:20:00'",
    "time <= TIMESTAMP_NS '2023-11-14 22:20:00'",
    "time IS NULL",
    "time IS NOT NULL",
    "observed_time IS NULL",
    "time BETWEEN '2023-11-14 22:15:00' AND '2023-11-14 22:16:00'",
    "observed_time = TIMESTAMP_NS '2023-11-14 22:13:20.000000003'",
    "trace_id = '61616166616161616161616161616161'",
    "trace_id IS NULL",
    "trace_id IS NOT NULL",
    "trace_id IN ('61616166616161616161616161616161', '61616167616161616161616161616161')",
    "trace_id = 'nonsense'",
    "trace_id = '00000000000000000000000000000000'",
    "trace_id > '616161660'",
    "trace_id LIKE '616161%'",
    "span_id = '6161616661616161'",
    "span_id <> '6161616661616161'",
    "service_name = 'service-3'",
    "service_name <> 'service-3'",
    "service_name IN ('service-1', 'service-2', 'none')",
    "service_name LIKE '%-4'",
    "service_name > 'service-5'",
    "service_name IS NULL",
    "scope_name = ''",
    "scope_name = 'lib'",
    "severity_text = 'INFO'",
    "severity_text = ''",
    "severity_text IS NULL",
    "body = 'body 17'",
    "body LIKE '%99%'",
    "length(body) = 8",
    "event_name = ''",
    "event_name <> ''",
    "trace_flags = 1",
    "trace_flags > 0 AND trace_flags < 2",
    "attributes['few'] = 'v1'",
    "attributes['few'] <> 'v1'",
    "attributes['few'] IS NULL",
    "attributes['few'] IN ('v1', 'v3')",
    "attributes['few'] LIKE 'v%' AND severity_number > 10",
    "attributes['many'] = 'value-17'",
    "attributes['many'] IS NULL",
    "attributes['many'] > 'value-5'",
    "attributes['many'] LIKE '%777%'",
    "attributes['number'] = '7'",
    "attributes['number'] = '07'",
    "attributes['number'] IS NULL",
    "attributes['number']::INTEGER > 25",
    "attributes['number'] < '3'",
    "attributes['number'] >= '-5'",
    "attributes['number'] <> '7'",
    "attributes['number'] LIKE '1%'",
    "attributes['number'] LIKE '%1'",
    "attributes['number'] NOT LIKE '1%'",
    "attributes['number'] = '-3'",
    "attributes['number'] = '0'",
    "attributes['number'] = '-0'",
    "attributes['number'] = '7.0'",
    "attributes['number'] = ''",
    "attributes['number'] IN ('7', '08', 'x', '-1')",
    "attributes['number'] IN ('07', 'x')",
    "attributes['number'] NOT IN ('7', '8')",
    "attributes['number'] IS DISTINCT FROM '7'",
    "attributes['number'] IS NOT DISTINCT FROM '7'",
    "attributes['number'] = '7' AND severity_number > 10",
    "attributes['number'] = '7' OR attributes['number'] = '9'",
    "attributes['mixed'] = '2'",
    "attributes['mixed'] IS NOT NULL",
    "attributes['ratio'] = '0.5'",
    "attributes['ratio'] = '1'",
    "attributes['ratio'] = '1.0'",
    "attributes['ratio'] IN ('0.5', '1.5', 'x')",
    "attributes['ratio'] > '0'",
    "attributes['odd'] = '0'",
    "attributes['odd'] = '-0'",
    "attributes['odd'] = 'NaN'",
    "attributes['odd'] = 'nan'",
    "attributes['odd'] = 'Infinity'",
    "attributes['odd'] = 'inf'",
    "attributes['odd'] = '1e+300'",
    "attributes['odd'] = '1e300'",
    "attributes['odd'] IN ('NaN', '0.1', '-Infinity')",
    "attributes['odd'] <> 'NaN'",
    "attributes['odd'] < '-1'",
    "attributes['odd'] LIKE '-%'",
    "attributes['flag'] = 'true'",
    "attributes['flag'] = 'TRUE'",
    "attributes['flag'] = '1'",
    "attributes['flag'] <> 'true'",
    "attributes['flag'] IN ('false', '0')",
    "attributes['flag'] IN ('false', 'true')",
    "attributes['few.rest'] = 'AQI='",
    "attributes['few.rest'] IS NULL",
    "attributes['absent'] = 'x'",
    "attributes['absent'] IS NULL",
    "resource_attributes['zone'] = 'a'",
    "resource_attributes['zone'] IS NULL",
    "scope_attributes['x'] IS NULL",
    "map_extract(attributes, 'few')[1] = 'v2'",
    "attributes['few'] = 'v1' OR attributes['few'] = 'v2'",
    "attributes['few'] = 'v1' OR severity_number = 3",
    "severity_number = 3 OR severity_number = 5 OR severity_number > 20",
    "service_name = 'service-1' OR service_name = 'service-2' OR service_name LIKE '%8'",
    "position > 3",
    "position = 2",
    "ordinal < 10",
    "collection = 'logs'",
    "collection <> 'logs'",
    "severity_number >= 17 AND service_name = 'service-2' AND attributes['few'] = 'v1'",
    "body LIKE '%9%' AND trace_id IS NOT NULL AND attributes['number'] IS NOT NULL",
    "time IS NOT NULL AND time < '2023-11-14 22:18:00' AND severity_text = 'ERROR'"};

class Filters : public testing::Test {
 protected:
  Filters() {
    auto pushed = Instance::Open({.memory_bytes = 1ULL << 30, .threads = 2});
    auto plain =
        Instance::Open({.memory_bytes = 1ULL << 30, .threads = 2, .filters_pushed = false});
    CHECK(pushed.has_value() && plain.has_value());
    pushed_ = *std::move(pushed);
    plain_ = *std::move(plain);
  }
  std::string Ask(Instance& instance, const std::shared_ptr<const Snapshot>& snapshot,
                  const std::string& sql) {
    const Statement statement{.sql = sql, .format = Format::kCsv};
    StatementRun run({.statement = statement,
                      .snapshot = snapshot,
                      .files = disk_.files(),
                      .cache = cache_,
                      .answer_bytes_max = 1ULL << 30});
    const auto connection = instance.Connect();
    const auto outcome = run.Execute(*connection);
    if (const auto* error = std::get_if<SqlError>(&outcome)) return "error: " + error->message;
    return std::get<Answer>(outcome).body;
  }
  void ExpectSame(const std::shared_ptr<const Snapshot>& snapshot) {
    for (const char* condition : kConditions) {
      for (const char* columns :
           {"count(*)",
            "count(*), count(time), count(trace_id), min(body), max(body), "
            "count(attributes['many']), sum(hash(attributes)::HUGEINT), "
            "sum(hash(service_name, severity_text, span_id)::HUGEINT), sum(ordinal)"}) {
        const std::string sql =
            "SELECT " + std::string(columns) + " FROM logs WHERE " + std::string(condition);
        const std::string with = Ask(*pushed_, snapshot, sql);
        EXPECT_EQ(with, Ask(*plain_, snapshot, sql)) << condition;
        EXPECT_EQ(with.find("error"), std::string::npos) << condition << ": " << with;
      }
    }
  }

  TestDisk disk_;
  PartCache cache_{1ULL << 20};
  std::unique_ptr<Instance> pushed_;
  std::unique_ptr<Instance> plain_;
};

TEST_F(Filters, SayTheSameOverHotRows) {
  std::mt19937 random(7);
  TestBlock rows(Kind::kLogs);
  AddRandomRows(rows, 12'000, random, 1);
  ExpectSame(SnapshotOf(Kind::kLogs, {rows.Slice()}));
}

// Without rests all values of an attribute in a chunk are in one column, which filters read as it
// is.
TEST_F(Filters, SayTheSameWhereEveryAttributeIsInAColumn) {
  std::mt19937 random(9);
  TestBlock rows(Kind::kLogs);
  AddRandomRows(rows, 12'000, random, 1, Rests::kNone);
  ExpectSame(SnapshotOf(Kind::kLogs, {rows.Slice()}));
}

TEST_F(Filters, SayTheSameOverParts) {
  std::mt19937 random(8);
  TestBlock rows(Kind::kLogs);
  AddRandomRows(rows, 12'000, random, 1);
  const PartRef part = MustWritePart(Kind::kLogs, {rows.Slice()}, disk_.files(), "/parts/a.parquet",
                                     {.row_group_rows = 3000});
  const auto parts = SnapshotOf(Kind::kLogs, {}, {part});
  ExpectSame(parts);
  const auto hot = SnapshotOf(Kind::kLogs, {rows.Slice()});
  for (const char* condition : kConditions) {
    const std::string sql =
        "SELECT time, body, trace_id, attributes, resource_attributes, position, ordinal FROM "
        "logs WHERE " +
        std::string(condition) + " ORDER BY ALL";
    EXPECT_EQ(Ask(*pushed_, parts, sql), Ask(*pushed_, hot, sql)) << condition;
  }
}

// Readers take slices while rows, keys and dictionary values are added: each sees whole requests.
TEST_F(Filters, ReadersBesideAWriter) {
  TestBlock rows(Kind::kLogs);
  std::atomic<std::uint32_t> runs{0};
  constexpr std::uint64_t kRequests = 400;
  constexpr int kRowsOfRequest = 100;
  std::jthread writer([&] {
    for (std::uint64_t position = 1; position <= kRequests; ++position) {
      for (int i = 0; i < kRowsOfRequest; ++i) {
        rows.BeginRow();
        rows.SetTime(model::kLogTime, kTime + static_cast<std::int64_t>(position));
        rows.SetText(model::kLogBody, "position " + std::to_string(position) + " of a request");
        rows.Set<std::uint8_t>(model::kLogBodyType, 's');
        rows.Resource("service-" + std::to_string(position % 50), {});
        rows.Attribute("p", Str("p" + std::to_string(position)));
        rows.Attribute("key-" + std::to_string(position % 20), Int(static_cast<int>(position)));
        rows.Attribute("unique", Str(std::to_string(position) + "/" + std::to_string(i)));
        rows.CommitRow();
      }
      rows.Publish(position);
      runs.store(static_cast<std::uint32_t>(position), std::memory_order_release);
    }
  });
  std::uint32_t last = 0;
  while (last < kRequests) {
    last = runs.load(std::memory_order_acquire);
    model::BlockSlice slice = rows.Slice();
    slice.last_run = last;
    const auto snapshot = SnapshotOf(Kind::kLogs, {slice});
    const std::string answer =
        Ask(*pushed_, snapshot,
            "SELECT count(*) a, count(DISTINCT position) b, count(DISTINCT attributes['p']) c, "
            "count(DISTINCT attributes['unique']) d, count(*) FILTER (body <> 'position ' || "
            "position || ' of a request') e, count(*) FILTER (attributes['p'] <> 'p' || position) "
            "f FROM logs");
    const std::string n = std::to_string(last);
    const std::string all = std::to_string(last * kRowsOfRequest);
    EXPECT_EQ(answer, "a,b,c,d,e,f\r\n" + all + "," + n + "," + n + "," + all + ",0,0\r\n");
  }
}

}  // namespace
}  // namespace strata::duck
