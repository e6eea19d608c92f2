// Limits on what one record may hold (contract.md, `limits.*`). What exceeds them is cut and
// counted, or the record is rejected; never in silence.
#pragma once

#include <cstdint>

namespace strata::wire {

struct Limits {
  std::uint32_t attributes = 1024;  // of a record, resource, scope, event or link; the rest is cut
  std::uint32_t value_bytes = 64 << 10;  // of any one text; longer ones are truncated
  std::uint32_t nesting = 32;  // of lists and maps; a record that nests deeper is rejected

  // The limits themselves in 64 bits, stored in frames of the log: replay decodes with those that
  // decided when the request came. Requires: attributes < 2^24, nesting < 2^8.
  std::uint64_t Fingerprint() const {
    return std::uint64_t{attributes} << 40 | std::uint64_t{value_bytes} << 8 | nesting;
  }
  static Limits FromFingerprint(std::uint64_t fingerprint) {
    return {.attributes = static_cast<std::uint32_t>(fingerprint >> 40),
            .value_bytes = static_cast<std::uint32_t>(fingerprint >> 8),
            .nesting = static_cast<std::uint32_t>(fingerprint & 0xFF)};
  }
};

}  // namespace strata::wire
