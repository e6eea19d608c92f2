// Limits on what one record may hold (contract.md, `limits.*`). What exceeds them is cut and
// counted, or the record is rejected; never in silence.
#pragma once

#include <cstdint>

namespace strata::wire {

struct Limits {
  std::uint32_t attributes = 1024;  // of a record, resource, scope, event or link; the rest is cut
  std::uint32_t value_bytes = 64 << 10;  // of any one text; longer ones are truncated
  std::uint32_t nesting = 32;            // of AnyValues; a record that nests deeper is rejected

  // Equal limits have equal fingerprints; stored in frames of the log, so that replay can tell
  // whether it would decide the same.
  std::uint64_t Fingerprint() const {
    return std::uint64_t{attributes} << 40 ^ std::uint64_t{value_bytes} << 8 ^ nesting;
  }
};

}  // namespace strata::wire
