#include "wire/utf8.h"

#include <simdjson.h>

namespace strata::wire {

bool ValidateUtf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

std::string_view TruncateUtf8(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  // 10xxxxxx continues a character.
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80) --bytes;
  return text.substr(0, bytes);
}

}  // namespace strata::wire
