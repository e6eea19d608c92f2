// Bytes that no compression shortens.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace strata::reliability {

inline std::string RandomText(std::mt19937_64& random, std::uint64_t bytes) {
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>('!' + random() % 90);
  return text;
}

}  // namespace strata::reliability
