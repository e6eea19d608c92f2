// Latencies of a run, and the raw write loop that they are compared with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.h"

namespace strata::app {

// Collects durations; sorts when asked.
class Latencies {
 public:
  void Add(std::int64_t nanos) { nanos_.push_back(nanos); }
  std::size_t count() const { return nanos_.size(); }
  // Of [0, 1]; 1 is the longest. 0 when nothing was added.
  double Millis(double quantile);

 private:
  std::vector<std::int64_t> nanos_;
  std::size_t sorted_ = 0;
};

// The control of every latency figure: one thread that writes blocks of `block_bytes` (rounded up
// to 4 KiB) to a preallocated file in `directory`, each durable before the next (O_DIRECT|O_DSYNC
// where the file system allows, else O_DSYNC). Removes the file. This is the one place that goes
// past the os seam: it measures the disk, not the product.
Result<Latencies> MeasureDurableWrites(const std::filesystem::path& directory,
                                       std::size_t block_bytes);

}  // namespace strata::app
