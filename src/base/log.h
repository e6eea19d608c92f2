// Structured logging for operators: a sentence that never varies and the values beside it, so that
// a reader can search for the sentence and compute with the values.
//
//   LogInfo("wal recovered", {{"frames", frames}, {"elapsed_ms", elapsed}});
//
// Lines go to stderr, as text on a terminal and as JSON otherwise. All calls are thread-safe;
// before ConfigureLog: level info, format auto. Keys are snake_case with the unit last. Never log
// secrets or the contents of records.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace strata {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };
enum class LogFormat : std::uint8_t {
  kAuto,  // text on a terminal, JSON otherwise
  kText,  // coloured where the terminal allows it (NO_COLOR and CLICOLOR_FORCE are honoured)
  kJson,  // one object a line: time, level, message, then the fields
};

// One value beside the message. Text is referred to, not copied: it must outlive the call.
class LogField {
 public:
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  LogField(std::string_view key, bool value) : key_(key), value_(value) {}
  LogField(std::string_view key, std::signed_integral auto value)
      : key_(key), value_(static_cast<std::int64_t>(value)) {}
  LogField(std::string_view key, std::unsigned_integral auto value)
      : key_(key), value_(static_cast<std::uint64_t>(value)) {}
  LogField(std::string_view key, std::floating_point auto value)
      : key_(key), value_(static_cast<double>(value)) {}
  LogField(std::string_view key, std::string_view value) : key_(key), value_(value) {}
  LogField(std::string_view key, const std::string& value)
      : LogField(key, std::string_view(value)) {}
  LogField(std::string_view key, const char* value) : LogField(key, std::string_view(value)) {}

  std::string_view Key() const { return key_; }
  const Value& Get() const { return value_; }

 private:
  std::string_view key_;
  Value value_;
};

using LogFields = std::initializer_list<LogField>;

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kAuto;
  std::FILE* file = stderr;  // kept open by the caller for as long as anything logs
};

void ConfigureLog(const LogOptions& options);

void LogDebug(std::string_view message, LogFields fields = {});
void LogInfo(std::string_view message, LogFields fields = {});
void LogWarn(std::string_view message, LogFields fields = {});
// `error` is added as the fields "code" and "error".
void LogWarn(std::string_view message, const Error& error, LogFields fields = {});
void LogError(std::string_view message, LogFields fields = {});
void LogError(std::string_view message, const Error& error, LogFields fields = {});

}  // namespace strata
