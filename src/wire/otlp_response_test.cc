#include "wire/otlp_response.h"

#include <gtest/gtest.h>

#include "wire/json_string.h"

namespace strata::wire {
namespace {

using model::Kind;
using std::chrono::milliseconds;
using namespace std::string_literals;

constexpr auto kProtobuf = OtlpFormat::kProtobuf;
constexpr auto kJson = OtlpFormat::kJson;

TEST(ExportResponse, FullSuccessLeavesPartialSuccessUnset) {
  for (const Kind kind : {Kind::kLogs, Kind::kSpans, Kind::kMetrics}) {
    EXPECT_EQ(EncodeExportResponse(kind, kProtobuf, 0, ""), "");
    EXPECT_EQ(EncodeExportResponse(kind, kJson, 0, ""), "{}");
  }
}

TEST(ExportResponse, PartialSuccessProtobuf) {
  EXPECT_EQ(EncodeExportResponse(Kind::kLogs, kProtobuf, 3, "bad id"),
            "\x0a\x0a\x08\x03\x12\x06"
            "bad id"s);
  EXPECT_EQ(EncodeExportResponse(Kind::kSpans, kProtobuf, 300, ""), "\x0a\x03\x08\xac\x02"s);
  EXPECT_EQ(EncodeExportResponse(Kind::kMetrics, kProtobuf, 0, "cut"), "\x0a\x05\x12\x03"s + "cut");
}

TEST(ExportResponse, PartialSuccessJson) {
  EXPECT_EQ(EncodeExportResponse(Kind::kLogs, kJson, 3, "bad id"),
            R"({"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"bad id"}})");
  EXPECT_EQ(EncodeExportResponse(Kind::kSpans, kJson, 300, ""),
            R"({"partialSuccess":{"rejectedSpans":"300"}})");
  EXPECT_EQ(EncodeExportResponse(Kind::kMetrics, kJson, 1, "x"),
            R"({"partialSuccess":{"rejectedDataPoints":"1","errorMessage":"x"}})");
  EXPECT_EQ(EncodeExportResponse(Kind::kMetrics, kJson, 0, "cut"),
            R"({"partialSuccess":{"errorMessage":"cut"}})");
}

TEST(RpcStatus, PlainStatus) {
  EXPECT_EQ(EncodeRpcStatus(kProtobuf, {.code = 3, .message = "no"}), "\x08\x03\x12\x02no"s);
  EXPECT_EQ(EncodeRpcStatus(kJson, {.code = 3, .message = "no"}), R"({"code":3,"message":"no"})");
}

TEST(RpcStatus, RetryInfo) {
  const RpcStatus status{.code = 14, .message = "full", .retry_delay = milliseconds(1500)};
  const std::string retry_info = "\x0a\x08\x08\x01\x10\x80\xca\xb5\xee\x01"s;
  EXPECT_EQ(EncodeRpcStatus(kProtobuf, status), "\x08\x0e\x12\x04"s + "full" + "\x1a\x36\x0a\x28" +
                                                    "type.googleapis.com/google.rpc.RetryInfo" +
                                                    "\x12\x0a" + retry_info);
  EXPECT_EQ(EncodeRpcStatus(kJson, status),
            R"({"code":14,"message":"full","details":[)"
            R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.500s"}]})");
  EXPECT_EQ(EncodeRpcStatus(kJson, {.code = 14, .message = "", .retry_delay = milliseconds(2000)}),
            R"({"code":14,"message":"","details":[)"
            R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"2s"}]})");
}

TEST(RpcStatus, BadRequest) {
  const RpcStatus status{.code = 3, .message = "no", .bad_field = "body"};
  EXPECT_EQ(EncodeRpcStatus(kProtobuf, status),
            "\x08\x03\x12\x02no\x1a\x39\x0a\x29type.googleapis.com/google.rpc.BadRequest"s +
                "\x12\x0c\x0a\x0a\x0a\x04" + "body" + "\x12\x02" + "no");
  EXPECT_EQ(EncodeRpcStatus(kJson, status),
            R"({"code":3,"message":"no","details":[)"
            R"({"@type":"type.googleapis.com/google.rpc.BadRequest",)"
            R"("fieldViolations":[{"field":"body","description":"no"}]}]})");
}

TEST(JsonString, EscapesAndRepairs) {
  const auto quoted = [](std::string_view text) {
    std::string out;
    AppendJsonString(out, text);
    return out;
  };
  EXPECT_EQ(quoted("a\"b\\c\n\x01"), R"("a\"b\\c\u000a\u0001")");
  EXPECT_EQ(quoted("h\xc3\xa9 \xf0\x9f\x98\x80"), "\"h\xc3\xa9 \xf0\x9f\x98\x80\"");
  // Lone continuation, overlong, surrogate, beyond U+10FFFF, cut off.
  EXPECT_EQ(quoted("\x80"), "\"\xef\xbf\xbd\"");
  EXPECT_EQ(ValidUtf8("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(ValidUtf8("\xed\xa0\x80").size(), 9U);
  EXPECT_EQ(ValidUtf8("\xf4\x90\x80\x80").size(), 12U);
  EXPECT_EQ(ValidUtf8("ok\xe2\x82"), "ok\xef\xbf\xbd\xef\xbf\xbd");
}

}  // namespace
}  // namespace strata::wire
