#include "base/log.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <utility>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/mutex.h"

namespace strata {
namespace {

// How a line ends up: which sink, and which of the two renderings.
struct Log {
  std::shared_ptr<spdlog::logger> logger;
  bool json = false;
};

bool Set(const char* variable) {
  const char* value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nothing sets one
  return value != nullptr && *value != '\0' && std::string_view(value) != "0";
}

spdlog::color_mode ColorMode() {
  if (Set("NO_COLOR")) return spdlog::color_mode::never;
  if (Set("CLICOLOR_FORCE")) return spdlog::color_mode::always;
  return spdlog::color_mode::automatic;
}

spdlog::level::level_enum SpdLevel(LogLevel level) {
  constexpr std::array kLevels = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                  spdlog::level::err};
  return kLevels[static_cast<std::size_t>(level)];
}

Log MakeLog(const LogOptions& options) {
  using Sink = spdlog::sinks::stdout_sink_base<spdlog::details::console_mutex>;
  using ColorSink = spdlog::sinks::ansicolor_sink<spdlog::details::console_mutex>;
  Log log;
  log.json = options.format == LogFormat::kJson ||
             (options.format == LogFormat::kAuto && isatty(fileno(options.file)) == 0);
  std::shared_ptr<spdlog::sinks::sink> sink;
  if (log.json) {
    sink = std::make_shared<Sink>(options.file);
  } else {
    sink = std::make_shared<ColorSink>(options.file, ColorMode());
  }
  log.logger = std::make_shared<spdlog::logger>("strata", std::move(sink));
  log.logger->set_level(SpdLevel(options.level));
  log.logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      log.json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l",%v})"
               : "%Y-%m-%dT%H:%M:%S.%eZ %^%-7l%$ %v",
      spdlog::pattern_time_type::utc));
  return log;
}

// The log in use. Its lock is held to copy a pointer, never to write.
class Current {
 public:
  static std::shared_ptr<const Log> Get() EXCLUDES(mutex()) {
    const MutexLock lock(mutex());
    return log();
  }
  static void Set(Log next) EXCLUDES(mutex()) {
    auto owned = std::make_shared<const Log>(std::move(next));
    const MutexLock lock(mutex());
    log().swap(owned);
  }

 private:
  // Never destroyed: threads log until the very end.
  static Mutex& mutex() {
    static Mutex& mutex = *new Mutex;
    return mutex;
  }
  static std::shared_ptr<const Log>& log() {
    static auto& log = *new std::shared_ptr<const Log>(std::make_shared<const Log>(MakeLog({})));
    return log;
  }
};

// Of the UTF-8 sequence that `first` begins, 0 when none begins so.
std::size_t SequenceLength(unsigned char first) {
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return 2;
  if (first < 0xF0) return 3;
  return first < 0xF5 ? 4 : 0;
}

// Bytes of the well-formed UTF-8 sequence at the start of `text`, 0 when there is none.
std::size_t Utf8Length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = SequenceLength(first);
  if (length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (length < 3) return length;
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool beyond = (first == 0xED && byte(1) > 0x9F) || (first == 0xF4 && byte(1) > 0x8F);
  return overlong || beyond ? 0 : length;
}

// A hostile name may not forge a line: control characters, quotes and malformed UTF-8 are escaped.
void AppendEscaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    const char c = text[0];
    if (length == 0) {
      out += "\xEF\xBF\xBD";  // U+FFFD
      text.remove_prefix(1);
      continue;
    }
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      constexpr std::string_view kHex = "0123456789abcdef";
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
}

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  AppendEscaped(out, text);
  out += '"';
}

bool IsPlainWord(std::string_view text) {
  constexpr std::string_view kSafe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@+%[]{}(),";
  return !text.empty() && text.find_first_not_of(kSafe) == std::string_view::npos;
}

template <class Number>
void AppendNumber(std::string& out, Number value) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), end.ptr);
}

struct AppendValue {
  std::string& out;
  bool json;

  void operator()(std::string_view text) const {
    if (!json && IsPlainWord(text)) {
      out += text;
    } else {
      AppendQuoted(out, text);
    }
  }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(std::int64_t value) const { AppendNumber(out, value); }
  void operator()(std::uint64_t value) const { AppendNumber(out, value); }
  void operator()(double value) const {
    if (json && !std::isfinite(value)) {
      out += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    } else {
      AppendNumber(out, value);
    }
  }
};

void AppendField(std::string& out, const LogField& field, bool json) {
  if (json) {
    out += ',';
    AppendQuoted(out, field.Key());
    out += ':';
  } else {
    out += ' ';
    AppendEscaped(out, field.Key());
    out += '=';
  }
  std::visit(AppendValue{out, json}, field.Get());
}

void Write(LogLevel level, std::string_view message, const Error* error, LogFields fields) {
  const std::shared_ptr<const Log> current = Current::Get();
  const Log& log = *current;
  if (!log.logger->should_log(SpdLevel(level))) return;
  std::string line;
  if (log.json) {
    line += "\"message\":";
    AppendQuoted(line, message);
  } else {
    AppendEscaped(line, message);
  }
  for (const LogField& field : fields) AppendField(line, field, log.json);
  if (error != nullptr) {
    AppendField(line, {"code", CodeName(error->code)}, log.json);
    AppendField(line, {"error", error->message}, log.json);
  }
  log.logger->log(SpdLevel(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

void ConfigureLog(const LogOptions& options) {
  Current::Set(MakeLog(options));
}

void LogDebug(std::string_view message, LogFields fields) {
  Write(LogLevel::kDebug, message, nullptr, fields);
}
void LogInfo(std::string_view message, LogFields fields) {
  Write(LogLevel::kInfo, message, nullptr, fields);
}
void LogWarn(std::string_view message, LogFields fields) {
  Write(LogLevel::kWarn, message, nullptr, fields);
}
void LogWarn(std::string_view message, const Error& error, LogFields fields) {
  Write(LogLevel::kWarn, message, &error, fields);
}
void LogError(std::string_view message, LogFields fields) {
  Write(LogLevel::kError, message, nullptr, fields);
}
void LogError(std::string_view message, const Error& error, LogFields fields) {
  Write(LogLevel::kError, message, &error, fields);
}

}  // namespace strata
