#include "store/part.h"

#include <chrono>
#include <cstdio>
#include <string_view>

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
  return "parts/" + FolderName(collection.namespace_name) + "/" + FolderName(collection.name) +
         "/" + folder;
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

std::string FilterPath(const std::string& part_path) {
  return part_path + ".filter";
}

}  // namespace strata::store
