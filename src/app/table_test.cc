#include "app/table.h"

#include <gtest/gtest.h>

namespace strata::app {
namespace {

TEST(Table, AlignsColumnsAndWritesNull) {
  const auto table = RenderTable(
      R"({"columns":[{"name":"service_name","type":"VARCHAR"},{"name":"n","type":"BIGINT"}],)"
      R"("rows":[["checkout",12],["grüße",null],["a\nb\u001b[31m",1.5]],)"
      R"("stats":{"rows":3,"elapsed_ms":3.1,"bytes_read":2048,"complete":true}})");
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->text,
            " service_name | n\n"
            "--------------+------\n"
            " checkout     |   12\n"
            " grüße        | NULL\n"
            " a\\nb\\x1b[31m |  1.5\n");
  EXPECT_EQ(table->summary, "3 rows in 3.1 ms, 2KiB read");
  EXPECT_TRUE(table->complete);
}

TEST(Table, NestedValuesAreJson) {
  const auto table =
      RenderTable(R"({"columns":[{"name":"m"},{"name":"b"}],"rows":[[{"k":"v","l":[1,2]},true]]})");
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_NE(table->text.find(R"( {"k":"v","l":[1,2]} | true)"), std::string::npos) << table->text;
  EXPECT_EQ(table->summary, "1 row");
}

TEST(Table, NoRowsAndCutAnswers) {
  const auto table =
      RenderTable(R"({"columns":[{"name":"a"}],"rows":[],"stats":{"complete":false}})");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->text, " a\n---\n");
  EXPECT_FALSE(table->complete);
}

TEST(Table, ForeignAnswersAreRefused) {
  for (const char* answer :
       {"", "<html>", "[]", "{}", R"({"columns":[],"rows":1})", R"({"columns":[{}],"rows":[]})",
        R"({"columns":[{"name":"a"}],"rows":[[1,2]]})",
        R"({"columns":[{"name":"a"}],"rows":[1]})"}) {
    const auto table = RenderTable(answer);
    ASSERT_FALSE(table) << answer;
    EXPECT_EQ(table.error().code, Code::kCorrupt);
  }
}

TEST(Table, ErrorsShowMessageAndHint) {
  EXPECT_EQ(RenderError(R"({"error":{"code":"binding","message":"no table t","hint":"try logs"}})"),
            "no table t\nhint: try logs");
  EXPECT_EQ(RenderError(R"({"error":{"code":"binding","message":"no table t"}})"), "no table t");
  EXPECT_EQ(RenderError("<html>\x1b"), "<html>\\x1b");
}

}  // namespace
}  // namespace strata::app
