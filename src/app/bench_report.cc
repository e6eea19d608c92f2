#include "app/bench_report.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace strata::app {
namespace {

std::string Fixed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

// 1234567.8 -> 1 234 567.8
std::string Grouped(std::string digits) {
  const auto point = std::min(digits.find('.'), digits.size());
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t at = point; at > first + 3; at -= 3) digits.insert(at - 3, " ");
  return digits;
}

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

void BenchReport::Add(std::string name, double value, std::string unit, int decimals) {
  figures_.push_back({std::move(name), value, std::move(unit), decimals});
}

void BenchReport::AddText(std::string name, std::string value) {
  figures_.push_back({.name = std::move(name), .text = std::move(value)});
}

std::string BenchReport::AsTable() const {
  std::string table;
  for (const Figure& figure : figures_) {
    std::string name = figure.name;
    std::ranges::replace(name, '_', ' ');
    const std::string value =
        figure.text.empty() ? Grouped(Fixed(figure.value, figure.decimals)) : figure.text;
    char line[256];
    std::snprintf(line, sizeof line, "%-40s %16s %s\n", name.c_str(), value.c_str(),
                  figure.unit.c_str());
    table += line;
  }
  return table;
}

std::string BenchReport::AsJson() const {
  std::string json = "{";
  for (const Figure& figure : figures_) {
    if (json.size() > 1) json += ", ";
    json += Quoted(figure.name) + ": " +
            (figure.text.empty() ? Fixed(figure.value, std::max(figure.decimals, 3))
                                 : Quoted(figure.text));
  }
  return json + "}\n";
}

}  // namespace strata::app
