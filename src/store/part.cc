#include "store/part.h"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <system_error>

namespace strata::store {
namespace {

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

std::string FolderName(std::string_view name) {
  std::string folder;
  for (const char c : name) {
    if (IsPlain(c)) {
      folder += c;
      continue;
    }
    char escaped[4];
    std::snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned char>(c));
    folder += escaped;
  }
  return folder;
}

}  // namespace

std::string CollectionFolder(const model::Collection& collection) {
  return std::string(kPartsFolder) + "/" + FolderName(collection.namespace_name) + "/" +
         FolderName(collection.name);
}

std::string PartFolder(const model::Collection& collection, std::int64_t arrival_ns) {
  using std::chrono::days;
  using std::chrono::hours;
  const std::chrono::sys_time<std::chrono::nanoseconds> arrival{
      std::chrono::nanoseconds(arrival_ns)};
  const auto day = std::chrono::floor<days>(arrival);
  const std::chrono::year_month_day date{day};
  const auto hour = std::chrono::floor<hours>(arrival - day).count();
  char folder[32];
  std::snprintf(folder, sizeof folder, "%04d-%02u-%02u/%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(hour));
  return CollectionFolder(collection) + "/" + folder;
}

std::string PartFileName(Position first, Position last, std::uint32_t attempt) {
  char name[96];
  const auto f = static_cast<unsigned long long>(first);
  const auto l = static_cast<unsigned long long>(last);
  if (attempt == 0) {
    std::snprintf(name, sizeof name, "%012llu-%012llu.parquet", f, l);
  } else {
    std::snprintf(name, sizeof name, "%012llu-%012llu.g%u.parquet", f, l, attempt);
  }
  return name;
}

wal::PositionRange PositionsOf(std::string_view part_path) {
  std::string_view name = part_path.substr(part_path.rfind('/') + 1);
  wal::PositionRange range;
  const auto take = [&](Position& position, char end) {
    const auto [ptr, failed] = std::from_chars(name.data(), name.data() + name.size(), position);
    const bool fits = failed == std::errc() && ptr < name.data() + name.size() && *ptr == end;
    if (fits) name.remove_prefix(static_cast<std::size_t>(ptr - name.data()) + 1);
    return fits;
  };
  if (!take(range.first, '-') || !take(range.last, '.')) return {};
  return range;
}

PartPtr WithoutFilter(const Part& part) {
  duck::PartInfo info = *part.info;
  info.filter_bytes = info.filter_hash = 0;
  Part without = part;
  without.info = std::make_shared<const duck::PartInfo>(std::move(info));
  return std::make_shared<const Part>(std::move(without));
}

std::string FilterPath(const std::string& part_path) {
  return part_path + ".filter";
}

}  // namespace strata::store
