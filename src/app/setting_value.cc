#include "app/setting_value.h"

#include <charconv>
#include <utility>

#include "base/units.h"

namespace strata::app {
namespace {

using std::chrono::milliseconds;

Error Wrong(std::string message) {
  return {Code::kInvalidInput, std::move(message)};
}

template <class Format>
Status CheckBounds(std::uint64_t value, const Bounds& bounds, Format format) {
  if (value < bounds.least) {
    return Wrong(format(value) + " is too little: at least " + format(bounds.least));
  }
  if (value > bounds.most) {
    return Wrong(format(value) + " is too much: at most " + format(bounds.most));
  }
  return Done{};
}

std::string FormatMillis(std::uint64_t count) {
  return FormatValue(milliseconds(static_cast<std::int64_t>(count)));
}

}  // namespace

Status ParseValue(std::string_view text, const Bounds& bounds, Size& value) {
  ASSIGN_OR_RETURN(const std::uint64_t bytes, ParseSize(text));
  RETURN_IF_ERROR(CheckBounds(bytes, bounds, FormatSize));
  value = Size{bytes};
  return Done{};
}

Status ParseValue(std::string_view text, const Bounds& bounds, milliseconds& value) {
  ASSIGN_OR_RETURN(const std::chrono::nanoseconds parsed, ParseDuration(text));
  const auto whole = std::chrono::duration_cast<milliseconds>(parsed);
  if (whole != parsed) return Wrong("'" + std::string(text) + "' is not a whole millisecond");
  RETURN_IF_ERROR(CheckBounds(static_cast<std::uint64_t>(whole.count()), bounds, FormatMillis));
  value = whole;
  return Done{};
}

Status ParseValue(std::string_view text, const Bounds& bounds, std::optional<milliseconds>& value) {
  if (text == "default") {
    value.reset();
    return Done{};
  }
  milliseconds parsed{};
  RETURN_IF_ERROR(ParseValue(text, bounds, parsed));
  value = parsed;
  return Done{};
}

Status ParseValue(std::string_view text, const Bounds& bounds, std::uint64_t& value) {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failed != std::errc() || end != text.data() + text.size()) {
    return Wrong("'" + std::string(text) + "' is not a whole number");
  }
  RETURN_IF_ERROR(CheckBounds(number, bounds, [](std::uint64_t n) { return std::to_string(n); }));
  value = number;
  return Done{};
}

Status ParseValue(std::string_view text, const Bounds&, std::filesystem::path& value) {
  if (text.empty()) return Wrong("a path may not be empty");
  value = std::filesystem::path(text);
  return Done{};
}

Status ParseValue(std::string_view text, const Bounds&, Address& value) {
  ASSIGN_OR_RETURN(value, ParseAddress(text));
  return Done{};
}

std::string FormatValue(const Size& value) {
  return FormatSize(value.bytes);
}
std::string FormatValue(const milliseconds& value) {
  return value.count() == 0 ? "0s" : FormatDuration(value);
}
std::string FormatValue(const std::optional<milliseconds>& value) {
  return value ? FormatValue(*value) : "default";
}
std::string FormatValue(const std::uint64_t& value) {
  return std::to_string(value);
}
std::string FormatValue(const std::filesystem::path& value) {
  return value.string();
}
std::string FormatValue(const Address& value) {
  return FormatAddress(value);
}

std::string KindOf(const Size&) {
  return "size";
}
std::string KindOf(const milliseconds&) {
  return "duration";
}
std::string KindOf(const std::optional<milliseconds>&) {
  return "duration|default";
}
std::string KindOf(const std::uint64_t&) {
  return "number";
}
std::string KindOf(const std::filesystem::path&) {
  return "path";
}
std::string KindOf(const Address&) {
  return "host:port";
}

}  // namespace strata::app
