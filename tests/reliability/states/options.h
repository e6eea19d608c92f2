// What the programs of the reliability suites share: their arguments and the file of counts.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace strata::reliability {

// `--name value` pairs; anything else is an error that ends the program.
class Options {
 public:
  // `known`: name → default, without the dashes. --seed and --output always are.
  Options(int argc, char** argv, std::map<std::string, std::string> known);

  const std::string& Text(const std::string& name) const { return values_.at(name); }
  std::uint64_t Number(const std::string& name) const;
  std::uint64_t seed() const { return Number("seed"); }

 private:
  std::map<std::string, std::string> values_;
};

// Says the seed. What the product logs about disks that fail on purpose is not to be seen.
void Begin(const Options& options);

using Counts = std::map<std::string, std::uint64_t>;

// One flat JSON object; no path: nothing is written. False: it could not be.
bool WriteCounts(const std::string& path, const Counts& counts);

// Writes the counts and says which exit code the run has: 0 only when `violations` is 0.
int Finish(const Options& options, const Counts& counts, std::uint64_t violations);

}  // namespace strata::reliability
