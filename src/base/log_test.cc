#include "base/log.h"

#include <algorithm>
#include <limits>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace strata {
namespace {

// Collects what is logged while it lives, without the time that each line starts with.
class CapturedLog {
 public:
  explicit CapturedLog(LogOptions options) : file_(std::tmpfile()) {
    options.file = file_;
    ConfigureLog(options);
  }
  ~CapturedLog() {
    ConfigureLog({});
    std::fclose(file_);
  }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  std::string Text() {
    std::fflush(file_);
    std::rewind(file_);
    std::string text;
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) text += static_cast<char>(c);
    return text;
  }

 private:
  std::FILE* file_;
};

TEST(Log, JsonLineHasMessageLevelAndTypedFields) {
  CapturedLog log({.format = LogFormat::kJson});
  LogInfo("wal recovered", {{"frames", 7},
                            {"bytes", std::uint64_t{18446744073709551615U}},
                            {"ratio", 0.5},
                            {"clean", false},
                            {"path", "/var/lib/strata"}});
  const std::string text = log.Text();
  EXPECT_EQ(text.find(R"({"time":"20)"), 0U) << text;
  EXPECT_NE(text.find(R"(Z","level":"info","message":"wal recovered","frames":7,)"
                      R"("bytes":18446744073709551615,"ratio":0.5,"clean":false,)"
                      R"("path":"/var/lib/strata"})"
                      "\n"),
            std::string::npos)
      << text;
}

TEST(Log, TextQuotesWhatIsNotAWord) {
  CapturedLog log({.format = LogFormat::kText});
  LogWarn("disk is low", {{"path", "/data"}, {"reason", "two words"}, {"empty", ""}});
  EXPECT_NE(log.Text().find("warning disk is low path=/data reason=\"two words\" empty=\"\"\n"),
            std::string::npos)
      << log.Text();
}

TEST(Log, FileIsNotATerminalSoAutoIsJsonWithoutColour) {
  CapturedLog log({.format = LogFormat::kAuto});
  LogInfo("x");
  EXPECT_EQ(log.Text()[0], '{');
  EXPECT_EQ(log.Text().find('\x1b'), std::string::npos);
}

TEST(Log, ErrorsCarryCodeAndMessage) {
  CapturedLog log({.format = LogFormat::kJson});
  LogError("cannot seal", Error{Code::kIo, "no space left on device"}, {{"part", 3}});
  EXPECT_NE(
      log.Text().find(
          R"("message":"cannot seal","part":3,"code":"io","error":"no space left on device")"),
      std::string::npos)
      << log.Text();
}

TEST(Log, HostileTextCannotForgeALine) {
  CapturedLog log({.format = LogFormat::kJson});
  LogInfo("a\nb", {{"k\"", "x\"\\\n\x01\xff{}"}, {"utf8", "grüße"}});
  EXPECT_NE(log.Text().find("\"message\":\"a\\nb\",\"k\\\"\":\"x\\\"\\\\\\n\\u0001\xEF\xBF\xBD{}\","
                            "\"utf8\":\"grüße\"}\n"),
            std::string::npos)
      << log.Text();
}

TEST(Log, NonFiniteNumbersStayValidJson) {
  CapturedLog log({.format = LogFormat::kJson});
  LogInfo("x", {{"a", std::numeric_limits<double>::quiet_NaN()},
                {"b", -std::numeric_limits<double>::infinity()}});
  EXPECT_NE(log.Text().find(R"("a":"NaN","b":"-Infinity"})"), std::string::npos) << log.Text();
}

TEST(Log, LevelHidesWhatIsBelow) {
  CapturedLog log({.level = LogLevel::kWarn, .format = LogFormat::kJson});
  LogDebug("debug");
  LogInfo("info");
  LogWarn("warn");
  EXPECT_EQ(log.Text().find("info"), std::string::npos);
  EXPECT_NE(log.Text().find("warn"), std::string::npos);
}

TEST(Log, LinesOfManyThreadsStayWhole) {
  CapturedLog log({.format = LogFormat::kText});
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < kLines; ++i) LogInfo("same line", {{"n", i}});
      });
    }
  }
  const std::string text = log.Text();
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = text.find("same line n=", at)) != std::string::npos; ++at) ++lines;
  EXPECT_EQ(lines, std::size_t{kThreads * kLines});
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text, '\n')), lines);
}

TEST(Log, MayBeConfiguredWhileOthersLog) {
  CapturedLog log({.format = LogFormat::kText});
  std::jthread other([](const std::stop_token& stop) {
    while (!stop.stop_requested()) LogDebug("hidden");
  });
  for (int i = 0; i < 100; ++i) ConfigureLog({.level = LogLevel::kError});
}

}  // namespace
}  // namespace strata
