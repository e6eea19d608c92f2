#include "wire/base64.h"

#include <array>
#include <cstdint>

namespace strata::wire {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 64;

constexpr auto kDigits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  digits['-'] = 62;
  digits['_'] = 63;
  return digits;
}();

std::uint32_t ByteAt(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

}  // namespace

void AppendBase64(std::string& out, std::string_view bytes) {
  std::size_t at = 0;
  for (; at + 3 <= bytes.size(); at += 3) {
    const std::uint32_t word =
        ByteAt(bytes, at) << 16 | ByteAt(bytes, at + 1) << 8 | ByteAt(bytes, at + 2);
    const char digits[] = {kAlphabet[word >> 18], kAlphabet[word >> 12 & 63],
                           kAlphabet[word >> 6 & 63], kAlphabet[word & 63]};
    out.append(digits, 4);
  }
  const std::size_t left = bytes.size() - at;
  if (left == 0) return;
  const std::uint32_t word = ByteAt(bytes, at) << 16 | (left == 2 ? ByteAt(bytes, at + 1) << 8 : 0);
  out.push_back(kAlphabet[word >> 18]);
  out.push_back(kAlphabet[word >> 12 & 63]);
  out.push_back(left == 2 ? kAlphabet[word >> 6 & 63] : '=');
  out.push_back('=');
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t word = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::uint8_t digit = kDigits[static_cast<unsigned char>(c)];
    if (digit == kNoDigit) return std::nullopt;
    word = word << 6 | digit;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<char>(word >> bits & 0xFF));
    }
  }
  return out;
}

}  // namespace strata::wire
