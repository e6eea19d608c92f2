// Bombs for tests: small gzip bodies that would inflate to a lot.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace strata::server {

// One gzip member of a million zeros; deflate repeats one match of the longest length.
inline std::string GzipOfAMillionZeros() {
  std::string member(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x01\x01\x00\x00\x00\x82\x20\xff\xaf\x6e\x48"
      "\x40\x01",
      25);
  for (int i = 0; i < 968; ++i) member.append("\x00", 1);
  member.append("\xaf\x06\x9e\xcb\x79\x12\x40\x42\x0f\x00", 10);
  return member;
}

// `millions` of them, back to back: one body for a decoder.
inline std::string GzipZeros(int millions) {
  std::string out;
  for (int i = 0; i < millions; ++i) out += GzipOfAMillionZeros();
  return out;
}
}  // namespace strata::server
