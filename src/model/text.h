// Text: 16 bytes that point to a string or hold it. The layout is that of DuckDB's string_t
// (duckdb/common/types/string_type.hpp, 1.4), so that a query reads blocks without copying; module
// duck asserts that both agree.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace strata::model {

class Text {
 public:
  static constexpr std::uint32_t kInlineBytes = 12;

  Text() = default;

  // Up to kInlineBytes are copied into the value; longer text stays where it is and must outlive
  // it.
  explicit Text(std::string_view text) {
    const std::uint64_t size = text.size();
    const char* at = text.data();
    if (size > kInlineBytes) {
      words_[0] = size | Load<std::uint32_t>(at) << 32;
      std::memcpy(&words_[1], static_cast<const void*>(&at), sizeof at);
    } else if (size >= 8) {
      // The last eight bytes, moved so that the fifth byte comes first.
      words_[0] = size | Load<std::uint32_t>(at) << 32;
      words_[1] = Load<std::uint64_t>(at + size - 8) >> (8 * (kInlineBytes - size));
    } else if (size >= 4) {
      words_[0] = size | Load<std::uint32_t>(at) << 32;
      words_[1] = Load<std::uint32_t>(at + size - 4) >> (8 * (8 - size));
    } else {
      words_[0] = size;
      for (std::uint64_t i = 0; i < size; ++i) {
        words_[0] |= std::uint64_t{static_cast<unsigned char>(at[i])} << (32 + 8 * i);
      }
    }
  }

  std::uint32_t size() const { return static_cast<std::uint32_t>(words_[0]); }
  bool empty() const { return size() == 0; }
  const char* data() const {
    if (size() <= kInlineBytes) return reinterpret_cast<const char*>(words_) + 4;
    const char* at;
    std::memcpy(static_cast<void*>(&at), &words_[1], sizeof at);
    return at;
  }
  std::string_view view() const { return {data(), size()}; }

 private:
  template <class Word>
  static std::uint64_t Load(const char* at) {
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
  }

  // Bytes 0-3: the size. Then up to 12 bytes of text, zeros behind it; or its first four bytes and
  // its address. Whole words, so that a Text is built and copied in registers.
  std::uint64_t words_[2] = {0, 0};
};

static_assert(sizeof(Text) == 16);

}  // namespace strata::model
