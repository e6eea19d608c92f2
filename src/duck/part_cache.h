// PartCache: footers and trace filters of parts, kept between statements. Internal to module duck.
#pragma once

#include <cstdint>

#include "duck/snapshot.h"

namespace strata::duck {

class PartCache {
 public:
  explicit PartCache(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  std::uint64_t bytes() const { return 0; }

 private:
  std::uint64_t bytes_max_;
};

}  // namespace strata::duck
