// Parts on disk: what is written, merged, pruned, and what damage does.
#include <gtest/gtest.h>

#include "duck/part_describe.h"
#include "duck/part_filter.h"
#include "duck/test_engine.h"

namespace strata::duck {
namespace {

using model::Kind;

constexpr std::int64_t kTime = 1'700'000'000'000'000'000;

std::string TraceOf(int i) {
  std::string id = "trace-" + std::to_string(i);
  id.resize(16, 'x');
  return id;
}

std::string Hex(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

// `count` rows from `first` on, one position for each hundred of them.
void AddRows(TestBlock& rows, int first, int count, const char* extra_key = nullptr) {
  for (int i = first; i < first + count; ++i) {
    rows.BeginRow();
    rows.SetTime(model::kLogTime, kTime + i * 1'000'000LL);
    rows.SetTime(model::kLogObservedTime, 0);
    rows.Set<std::uint8_t>(model::kLogSeverityNumber, static_cast<std::uint8_t>(1 + i % 24));
    rows.SetText(model::kLogBody, "message number " + std::to_string(i));
    rows.Set<std::uint8_t>(model::kLogBodyType, 's');
    rows.SetId(model::kLogTraceId, TraceOf(i / 3));
    rows.SetId(model::kLogSpanId, "");
    rows.Resource("service-" + std::to_string(i % 7), {{"host", Str("h" + std::to_string(i % 3))}});
    rows.Scope("lib", "1", {});
    rows.Attribute("http.route", Str("/api/" + std::to_string(i % 11)));
    rows.Attribute("status", Int(200 + i % 5));
    if (i % 4 == 0) rows.Attribute("list", Other(model::AnyType::kArray, R"({"values":[]})"));
    if (extra_key != nullptr) rows.Attribute(extra_key, Int(i));
    rows.CommitRow();
    if (i % 100 == 99) rows.Publish(static_cast<std::uint64_t>(i / 100 + 1));
  }
}

constexpr const char* kAllRows =
    "SELECT time, severity_number, body, trace_id, service_name, attributes, resource_attributes, "
    "scope_name, position, ordinal FROM logs ORDER BY time";

class Parts : public testing::Test {
 protected:
  Parts() : engine_(OpenEngine(disk_.files())) {}
  PartRef Part(const TestBlock& rows, const std::string& name, const PartOptions& options = {}) {
    return MustWritePart(Kind::kLogs, {rows.Slice()}, disk_.files(), "/parts/" + name, options);
  }
  std::string Ask(const std::vector<PartRef>& parts, const std::string& sql) {
    return Rows(*engine_, SnapshotOf(Kind::kLogs, {}, parts), sql);
  }

  TestDisk disk_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(Parts, SayTheSameAsHotRows) {
  TestBlock rows(Kind::kLogs);
  AddRows(rows, 0, 5000);
  const PartRef part = Part(rows, "a.parquet", {.row_group_rows = 700});
  EXPECT_EQ(part.info->rows, 5000U);
  EXPECT_EQ(part.info->min_position, 1U);
  EXPECT_EQ(part.info->max_position, 50U);
  EXPECT_EQ(part.info->min_time, kTime);
  EXPECT_EQ(part.info->max_time, kTime + 4999 * 1'000'000LL);
  const auto hot = SnapshotOf(Kind::kLogs, {rows.Slice()});
  for (const char* sql :
       {kAllRows, "SELECT attributes['list'], count(*) FROM logs GROUP BY 1 ORDER BY 1",
        "SELECT count(*) FROM logs WHERE attributes['status'] = '203'",
        "SELECT count(*) FROM logs WHERE attributes['status'] = '0203'",
        "SELECT count(*) FROM logs WHERE attributes['status'] > '202'",
        "SELECT count(*) FROM logs WHERE attributes['http.route'] IN ('/api/1', '/api/2')",
        "SELECT count(*) FROM logs WHERE attributes['none'] IS NULL",
        "SELECT count(*) FROM logs WHERE attributes['none'] = 'x'",
        "SELECT count(*) FROM logs WHERE resource_attributes['host'] = 'h1'",
        "SELECT count(*) FROM logs WHERE service_name LIKE '%-3' AND body LIKE '%99%'",
        "SELECT count(*) FROM logs WHERE severity_number >= 17 AND position BETWEEN 3 AND 20",
        "SELECT count(*) FROM logs WHERE collection = 'logs'",
        "SELECT count(*) FROM logs WHERE collection = 'other'"}) {
    EXPECT_EQ(Ask({part}, sql), Rows(*engine_, hot, sql)) << sql;
  }
}

TEST_F(Parts, MergeKeepsEveryRow) {
  TestBlock first(Kind::kLogs);
  AddRows(first, 0, 3000, "only.first");
  TestBlock second(Kind::kLogs);
  AddRows(second, 3000, 3000, "Only.Second");
  TestBlock third(Kind::kLogs);
  AddRows(third, 1000, 100);  // in the middle of the first
  const std::vector<PartRef> inputs = {Part(first, "1.parquet"),
                                       Part(second, "2.parquet", {.attribute_columns_max = 2}),
                                       Part(third, "3.parquet")};
  auto merged = MergeParts(Kind::kLogs, inputs, {.row_group_rows = 2000}, disk_.files(),
                           "/parts/merged.parquet");
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(merged->rows, 6100U);
  EXPECT_EQ(merged->min_position, 1U);
  EXPECT_EQ(merged->max_position, 60U);
  EXPECT_GT(merged->filter_bytes, 0U);
  const PartRef part{.path = "/parts/merged.parquet",
                     .info = std::make_shared<PartInfo>(*std::move(merged))};
  for (const char* sql :
       {"SELECT time, body, trace_id, attributes, resource_attributes, position, ordinal FROM logs "
        "ORDER BY ALL",
        "SELECT count(attributes['only.first']), count(attributes['Only.Second']), "
        "count(attributes['list']) FROM logs",
        "SELECT service_name, count(*) FROM logs GROUP BY 1 ORDER BY 1"}) {
    EXPECT_EQ(Ask({part}, sql), Ask(inputs, sql)) << sql;
  }
}

TEST_F(Parts, TraceFilterSkipsRowGroups) {
  TestBlock rows(Kind::kLogs);
  AddRows(rows, 0, 6000);
  const PartRef part = Part(rows, "a.parquet", {.row_group_rows = 500});
  EXPECT_GT(part.info->filter_bytes, 0U);
  const auto read = [&](const std::string& sql) {
    const auto outcome = engine_->Run({.sql = sql}, SnapshotOf(Kind::kLogs, {}, {part}));
    EXPECT_TRUE(std::holds_alternative<Answer>(outcome));
    return std::get<Answer>(outcome);
  };
  const std::string by_trace = "SELECT body FROM logs WHERE trace_id = '";
  read(by_trace + Hex(TraceOf(1)) + "'");  // the footer is read once
  const Answer one = read(by_trace + Hex(TraceOf(700)) + "'");
  const Answer none = read(by_trace + Hex(TraceOf(100'000)) + "'");
  const Answer all = read("SELECT body FROM logs WHERE trace_id LIKE '%'");
  EXPECT_EQ(one.rows, 3U);
  EXPECT_EQ(none.rows, 0U);
  EXPECT_EQ(all.rows, 6000U);
  EXPECT_LT(one.bytes_read, all.bytes_read / 2);
  EXPECT_LT(none.bytes_read, all.bytes_read / 4);
  EXPECT_EQ(Ask({part}, "SELECT count(*) FROM logs WHERE trace_id IN ('" + Hex(TraceOf(5)) +
                            "', '" + Hex(TraceOf(1999)) + "', 'nonsense')"),
            "[[6]]");
  EXPECT_EQ(Ask({part}, "SELECT count(*) FROM logs WHERE trace_id = 'nonsense'"), "[[0]]");
  // Without the filter it is slower, not wrong.
  ASSERT_TRUE(disk_.files().Remove(FilterPath(part.path)));
  const auto fresh = OpenEngine(disk_.files());
  EXPECT_EQ(Rows(*fresh, SnapshotOf(Kind::kLogs, {}, {part}), by_trace + Hex(TraceOf(700)) + "'")
                .substr(0, 21),
            R"([["message number 210)");
}

TEST_F(Parts, ATraceIsReadFromOneSmallRowGroup) {
  TestBlock rows(Kind::kLogs);
  AddRows(rows, 0, 65'000);
  const PartRef written = Part(rows, "a.parquet");
  auto merged =
      MergeParts(Kind::kLogs, std::vector{written}, {}, disk_.files(), "/parts/merged.parquet");
  ASSERT_TRUE(merged) << merged.error().message;
  const PartRef again{.path = "/parts/merged.parquet",
                      .info = std::make_shared<PartInfo>(*std::move(merged))};
  for (const PartRef& part : {written, again}) {
    const auto bytes = disk_.files().ReadAll(FilterPath(part.path), part.info->filter_bytes);
    ASSERT_TRUE(bytes);
    const auto filter = PartFilter::Decode(*bytes);
    ASSERT_TRUE(filter);
    EXPECT_EQ(filter->groups(), 2U);  // of 32,768 rows, the last one of what is left
    const std::string sql = "SELECT * FROM logs WHERE trace_id = '" + Hex(TraceOf(700)) + "'";
    const auto snapshot = SnapshotOf(Kind::kLogs, {}, {part});
    engine_->Run({.sql = sql}, snapshot);  // the footer is read once
    const auto outcome = engine_->Run({.sql = sql}, snapshot);
    ASSERT_TRUE(std::holds_alternative<Answer>(outcome));
    EXPECT_EQ(std::get<Answer>(outcome).rows, 3U);
    EXPECT_LT(std::get<Answer>(outcome).bytes_read, part.info->bytes * 2 / 3);
  }
}

// Whole, and of another part: it would hide rows.
TEST_F(Parts, AFilterOfAnotherPartIsNoticed) {
  TestBlock rows(Kind::kLogs);
  AddRows(rows, 0, 300);
  TestBlock others(Kind::kLogs);
  AddRows(others, 30'000, 300);
  const PartRef part = Part(rows, "a.parquet");
  const PartRef other = Part(others, "b.parquet");
  ASSERT_EQ(part.info->filter_bytes, other.info->filter_bytes);
  disk_.files().SetContent(FilterPath(part.path), disk_.files().Content(FilterPath(other.path)));
  EXPECT_EQ(Ask({part}, "SELECT count(*) FROM logs WHERE trace_id = '" + Hex(TraceOf(50)) + "'"),
            "[[3]]");
}

TEST_F(Parts, APartDescribesItself) {
  TestBlock rows(Kind::kLogs);
  AddRows(rows, 0, 3000, "extra");
  const PartRef part = Part(rows, "a.parquet", {.row_group_rows = 700});
  const auto described = DescribePart(Kind::kLogs, part.path, disk_.files());
  ASSERT_TRUE(described) << described.error().message;
  EXPECT_EQ(*described, *part.info);
  EXPECT_EQ(DescribePart(Kind::kSpans, part.path, disk_.files()).error().code, Code::kCorrupt);
  EXPECT_EQ(DescribePart(Kind::kLogs, "/parts/none", disk_.files()).error().code, Code::kNotFound);
  // What the machine refuses is not called damage.
  bool reached = true;
  for (std::uint64_t n = 1; reached; ++n) {
    const std::uint64_t before = disk_.files().operations();
    disk_.files().FailAt(n, EIO, os::SimulatedDisk::Repeat::kOnce);
    const auto refused = DescribePart(Kind::kLogs, part.path, disk_.files());
    reached = disk_.files().operations() - before >= n;
    disk_.files().ClearFault();
    if (!refused) {
      EXPECT_EQ(refused.error().code, Code::kIo) << "call " << n << ": " << refused.error().message;
    }
  }
  Bytes cut = disk_.files().Content(part.path);
  cut.resize(cut.size() / 2);
  disk_.files().SetContent(part.path, cut);
  EXPECT_EQ(DescribePart(Kind::kLogs, part.path, disk_.files()).error().code, Code::kCorrupt);
}

// What the disk refuses is told apart from what we are short of, and from damage.
TEST_F(Parts, AStatementNamesAPartThatCannotBeRead) {
  TestBlock rows(Kind::kLogs);
  AddRows(rows, 0, 500);
  const PartRef part = Part(rows, "a.parquet");
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->kinds[Kind::kLogs].push_back({.collection = "logs", .hot = {}, .parts = {part}});
  const auto run = [&] {
    auto outcome = engine_->Run({.sql = kAllRows}, snapshot);
    CHECK(std::holds_alternative<SqlError>(outcome));
    return std::get<SqlError>(std::move(outcome));
  };
  disk_.files().FailAt(1, EMFILE, os::SimulatedDisk::Repeat::kForEver);
  EXPECT_TRUE(run().unreadable_parts.empty());
  disk_.files().ClearFault();
  disk_.files().Wear(part.path, 100);
  const SqlError refused = run();
  EXPECT_EQ(refused.code, Code::kUnavailable);
  EXPECT_EQ(refused.unreadable_parts, std::vector<std::string>{part.path});
  EXPECT_TRUE(refused.damaged_parts.empty());
}

TEST_F(Parts, AnswersSayThatRowsAreMissing) {
  TestBlock rows(Kind::kLogs);
  AddRows(rows, 0, 500);
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->kinds[Kind::kLogs].push_back(
      {.collection = "logs",
       .hot = {},
       .parts = {Part(rows, "a.parquet")},
       .missing = {{.min_position = 100,
                    .max_position = 200,
                    .rows = 70,
                    .min_time = kTime + 1'000'000'000'000,
                    .max_time = kTime + 2'000'000'000'000},
                   {.min_position = 201, .max_position = 300, .rows = 7}}});
  const auto run = [&](const std::string& sql) {
    const auto outcome = engine_->Run({.sql = sql}, snapshot);
    CHECK(std::holds_alternative<Answer>(outcome));
    return std::get<Answer>(outcome);
  };
  const Answer all = run("SELECT count(*) FROM logs a JOIN logs b USING (position, ordinal)");
  EXPECT_FALSE(all.complete);
  EXPECT_EQ(all.missing_rows, 77U) << "counted once, whoever asks";
  EXPECT_NE(all.body.find(R"("complete":false,"missing_rows":77}})"), std::string::npos);
  const Answer early = run("SELECT count(*) FROM logs WHERE time < '2023-11-14T22:14:00Z'");
  EXPECT_EQ(early.missing_rows, 7U) << "whose times are not known";
  const Answer low = run("SELECT count(*) FROM logs WHERE position < 50");
  EXPECT_EQ(low.missing_rows, std::nullopt);
  EXPECT_TRUE(low.complete);
  EXPECT_EQ(run("SELECT count(*) FROM spans").missing_rows, std::nullopt);
}

TEST_F(Parts, TimesPruneBeforeAFileIsOpened) {
  TestBlock rows(Kind::kLogs);
  AddRows(rows, 0, 500);
  const PartRef part = Part(rows, "a.parquet");
  ASSERT_TRUE(disk_.files().Remove(part.path));
  EXPECT_EQ(Ask({part}, "SELECT count(*) FROM logs WHERE time > '2030-01-01'"), "[[0]]");
  EXPECT_EQ(Ask({part}, "SELECT count(*) FROM logs WHERE time < '2001-01-01'"), "[[0]]");
  EXPECT_EQ(Ask({part}, "SELECT count(*) FROM logs WHERE position > 5"), "[[0]]");
  EXPECT_EQ(Ask({part}, "SELECT count(*) FROM logs WHERE collection = 'x'"), "[[0]]");
  EXPECT_NE(Ask({part}, "SELECT count(*) FROM logs").find("error: corrupt"), std::string::npos);
}

TEST_F(Parts, AFlippedByteIsNoticedWhereverItIs) {
  TestBlock rows(Kind::kLogs);
  AddRows(rows, 0, 4000);
  const PartRef part = Part(rows, "a.parquet");
  const Bytes good = disk_.files().Content(part.path);
  ASSERT_EQ(good.size(), part.info->bytes);
  for (std::size_t at = 0; at < good.size(); at += good.size() / 37 + 1) {
    Bytes bad = good;
    bad[at] ^= std::byte{0x10};
    disk_.files().SetContent(part.path, bad);
    const auto fresh = OpenEngine(disk_.files());
    EXPECT_NE(Rows(*fresh, SnapshotOf(Kind::kLogs, {}, {part}), kAllRows).find("error: corrupt"),
              std::string::npos)
        << at;
    EXPECT_EQ(MergeParts(Kind::kLogs, std::vector{part}, {}, disk_.files(), "/parts/m.parquet")
                  .error()
                  .code,
              Code::kCorrupt);
  }
  Bytes cut = good;
  cut.resize(good.size() / 2);
  disk_.files().SetContent(part.path, cut);
  const auto fresh = OpenEngine(disk_.files());
  EXPECT_NE(Rows(*fresh, SnapshotOf(Kind::kLogs, {}, {part}), kAllRows).find("error: corrupt"),
            std::string::npos);
  disk_.files().SetContent(part.path, good);
  EXPECT_EQ(Ask({part}, "SELECT count(*) FROM logs"), "[[4000]]");
}

TEST_F(Parts, AFullDiskIsSaidToBeFull) {
  TestBlock rows(Kind::kLogs);
  AddRows(rows, 0, 4000);
  disk_.files().FailAt(5, ENOSPC, os::SimulatedDisk::Repeat::kForEver);
  const auto slices = std::vector{rows.Slice()};
  const auto written = WritePart(Kind::kLogs, slices, {}, disk_.files(), "/parts/a.parquet");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::kExhausted) << written.error().message;
}

// A manifest may list a part from the moment on that it was written.
TEST_F(Parts, WhatWasWrittenOutlivesPowerLoss) {
  ASSERT_TRUE(disk_.files().SyncDirectory("/"));
  TestBlock rows(Kind::kLogs);
  AddRows(rows, 0, 500);
  const PartRef part = Part(rows, "a.parquet");
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const auto after = disk_.files().AfterPowerLoss(seed);
    for (const std::string& path : {part.path, FilterPath(part.path)}) {
      ASSERT_TRUE(*after->Exists(path)) << path << ", loss " << seed;
      EXPECT_EQ(after->Content(path), disk_.files().Content(path)) << path << ", loss " << seed;
    }
  }
}

TEST(PartFilter, BytesOfTheDocs) {
  PartFilter filter;
  filter.AddGroup({PartFilter::HashOfId("0123456789abcdef")});
  EXPECT_EQ(Hex(std::string(AsText(filter.Encode()))),
            "53545246494c5431"
            "01000000"
            "01000000"
            "0000001000001000000080000004000000000004400000000000002000000004"
            "55bf1fef");
}

TEST(PartFilter, RefusesWhatIsNotWhole) {
  PartFilter filter;
  filter.AddGroup({1ULL << 40, 2ULL << 40, 3});
  filter.AddGroup({});
  const Bytes good = filter.Encode();
  const auto back = PartFilter::Decode(good);
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->MayContain(0, 1ULL << 40));
  EXPECT_FALSE(back->MayContain(1, 1ULL << 40));
  EXPECT_TRUE(back->MayContain(2, 1ULL << 40));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(PartFilter::Decode(ByteSpan(good).first(size)));
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes bad = good;
    bad[at] ^= std::byte{1};
    EXPECT_FALSE(PartFilter::Decode(bad));
  }
}

}  // namespace
}  // namespace strata::duck
