#include "app/setting_value.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "base/units.h"
#include "server/namespace_rule.h"

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

// What stands between commas, without the spaces around it; at least one item, perhaps empty.
std::vector<std::string_view> Items(std::string_view text) {
  std::vector<std::string_view> items;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    std::string_view& item = items.emplace_back(text.substr(begin, end - begin));
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    begin = end + 1;
  }
  return items;
}

// "audit=false"
Status AddException(std::string_view item, model::PerNamespace<bool>& value) {
  const std::size_t equals = item.find('=');
  if (equals == std::string_view::npos) {
    return Wrong("'" + std::string(item) + "' is not an exception: write namespace=true|false");
  }
  const std::string name(item.substr(0, equals));
  if (!server::IsNamespaceName(name)) return Wrong("'" + name + "' is not a namespace's name");
  bool own = false;
  if (auto parsed = ParseValue(item.substr(equals + 1), {}, own); !parsed) {
    return std::move(parsed).error().Within(name);
  }
  if (value.exceptions.emplace(name, own).second) return Done{};
  return Wrong("'" + name + "' is given twice");
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

Status ParseValue(std::string_view text, const Bounds&, model::PerNamespace<bool>& value) {
  model::PerNamespace<bool> parsed;
  const std::vector<std::string_view> items = Items(text);
  RETURN_IF_ERROR(ParseValue(items.front(), {}, parsed.others));
  for (std::size_t i = 1; i < items.size(); ++i) RETURN_IF_ERROR(AddException(items[i], parsed));
  value = std::move(parsed);
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
std::string FormatValue(const model::PerNamespace<bool>& value) {
  std::string text = FormatValue(value.others);
  for (const auto& [name, own] : value.exceptions) text += "," + name + "=" + FormatValue(own);
  return text;
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
std::string KindOf(const model::PerNamespace<bool>&) {
  return "true|false[,namespace=true|false…]";
}

}  // namespace strata::app
