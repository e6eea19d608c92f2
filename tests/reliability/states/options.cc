#include "states/options.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/log.h"

namespace strata::reliability {

Options::Options(int argc, char** argv, std::map<std::string, std::string> known)
    : values_(std::move(known)) {
  values_.emplace("seed", "1");
  values_.emplace("output", "");
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    const bool known_name = name.starts_with("--") && values_.contains(name.substr(2));
    if (!known_name || i + 1 == argc) {
      std::fprintf(stderr, "%s: unknown or without a value; there are:", argv[i]);
      for (const auto& [option, value] : values_) {
        std::fprintf(stderr, " --%s (%s)", option.c_str(), value.empty() ? "none" : value.c_str());
      }
      std::fprintf(stderr, "\n");
      std::exit(2);
    }
    values_[name.substr(2)] = argv[i + 1];
  }
}

std::uint64_t Options::Number(const std::string& name) const {
  const std::string& text = values_.at(name);
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) {
    std::fprintf(stderr, "--%s %s: not a number\n", name.c_str(), text.c_str());
    std::exit(2);
  }
  return number;
}

void Begin(const Options& options) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // what was told before a crash is seen
  std::printf("seed %s\n", options.Text("seed").c_str());
  std::FILE* const nowhere = std::fopen("/dev/null", "w");
  ConfigureLog({.level = LogLevel::kError, .format = LogFormat::kText, .file = nowhere});
}

bool WriteCounts(const std::string& path, const Counts& counts) {
  if (path.empty()) return true;
  std::FILE* const file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return false;
  const char* before = "{";
  for (const auto& [name, count] : counts) {
    std::fprintf(file, "%s\"%s\": %llu", before, name.c_str(),
                 static_cast<unsigned long long>(count));
    before = ", ";
  }
  std::fprintf(file, "%s}\n", counts.empty() ? "{" : "");
  return std::fclose(file) == 0;
}

int Finish(const Options& options, const Counts& counts, std::uint64_t violations) {
  if (!WriteCounts(options.Text("output"), counts)) {
    std::fprintf(stderr, "%s: cannot be written\n", options.Text("output").c_str());
    return 1;
  }
  if (violations == 0) return 0;
  std::printf("%llu violations\n", static_cast<unsigned long long>(violations));
  return 1;
}

}  // namespace strata::reliability
