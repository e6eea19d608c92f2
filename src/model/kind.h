// What kind of records a collection holds. The numbers are stored (log frames, parts, manifest).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace strata::model {

enum class Kind : std::uint8_t { kLogs = 1, kSpans = 2, kMetrics = 3 };

inline constexpr Kind kKinds[] = {Kind::kLogs, Kind::kSpans, Kind::kMetrics};

// Also the name of the kind's default collection and of its SQL view.
constexpr std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kLogs:
      return "logs";
    case Kind::kSpans:
      return "spans";
    case Kind::kMetrics:
      return "metrics";
  }
  return "unknown";
}

constexpr std::optional<Kind> KindFromName(std::string_view name) {
  for (const Kind kind : kKinds) {
    if (KindName(kind) == name) return kind;
  }
  return std::nullopt;
}

constexpr bool IsKnownKind(std::uint8_t kind) {
  return kind >= 1 && kind <= 3;
}

}  // namespace strata::model
