#include "wire/json_bad_text.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "wire/utf8.h"

namespace strata::wire {
namespace {

// Marks are taken from the noncharacters U+FDD0 to U+FDEF, which no text should have.
constexpr std::uint32_t kFirstMark = 0xFDD0;
constexpr std::uint32_t kMarks = 32;

constexpr std::size_t kEscapeBytes = 6;  // \uXXXX

std::string MarkText(std::uint32_t mark) {
  return {'\xEF', '\xB7', static_cast<char>(0x80 | ((kFirstMark + mark) & 0x3F))};
}

class Scan {
 public:
  explicit Scan(std::string_view json) : json_(json) {
    for (std::size_t at = 0; at < json.size();) {
      const auto byte = static_cast<unsigned char>(json[at]);
      at += byte == '\\' ? Escape(at) : byte < 0x80 ? 1 : Character(at);
    }
  }

  std::optional<MarkedJson> Marked() const {
    const auto free_mark = static_cast<std::uint32_t>(std::countr_one(marks_used_));
    if (bad_.empty() || free_mark == kMarks) return std::nullopt;
    MarkedJson marked{.json = {}, .mark = MarkText(free_mark)};
    marked.json.reserve(json_.size() + 2 * bad_.size());
    std::size_t copied = 0;
    for (const auto& [at, bytes] : bad_) {
      marked.json += json_.substr(copied, at - copied);
      marked.json += marked.mark;
      copied = at + bytes;
    }
    marked.json += json_.substr(copied);
    return marked;
  }

 private:
  struct Piece {
    std::size_t at = 0;
    std::size_t bytes = 0;
  };

  std::size_t Bad(std::size_t at, std::size_t bytes) {
    bad_.push_back({.at = at, .bytes = bytes});
    return bytes;
  }

  // The code unit of \uXXXX at a place.
  std::optional<std::uint32_t> UnitAt(std::size_t at) const {
    const std::string_view text = json_.substr(std::min(at, json_.size()), kEscapeBytes);
    if (text.size() != kEscapeBytes || !text.starts_with("\\u")) return std::nullopt;
    std::uint32_t unit = 0;
    const auto [end, failed] =
        std::from_chars(text.data() + 2, text.data() + text.size(), unit, 16);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return unit;
  }

  std::size_t Escape(std::size_t at) {
    const auto unit = UnitAt(at);
    if (!unit) return 2;
    if (*unit - kFirstMark < kMarks) marks_used_ |= 1U << (*unit - kFirstMark);
    if (*unit < 0xD800 || *unit > 0xDFFF) return kEscapeBytes;
    const auto next = UnitAt(at + kEscapeBytes);
    const bool pair = *unit < 0xDC00 && next && *next >= 0xDC00 && *next <= 0xDFFF;
    return pair ? 2 * kEscapeBytes : Bad(at, kEscapeBytes);
  }

  std::size_t Character(std::size_t at) {
    const auto lead = static_cast<unsigned char>(json_[at]);
    const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    const std::string_view text = json_.substr(at, bytes);
    if (text.size() != bytes || !ValidateUtf8(text)) return Bad(at, 1);
    for (std::uint32_t mark = 0; mark < kMarks && text.starts_with("\xEF\xB7"); ++mark) {
      if (text == MarkText(mark)) marks_used_ |= 1U << mark;
    }
    return bytes;
  }

  std::string_view json_;
  std::vector<Piece> bad_;
  std::uint32_t marks_used_ = 0;
};

}  // namespace

std::optional<MarkedJson> MarkBadText(std::string_view json) {
  return Scan(json).Marked();
}

}  // namespace strata::wire
