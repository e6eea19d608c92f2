// Cells: lists inside a record (events, links, buckets, …) as one byte string of a kText column.
//
// A cell is a count followed by that many items; numbers are LEB128 varints or little-endian fixed
// widths, texts a length and bytes. Cells live in memory only: parts have nested Parquet columns
// (docs/formats/parquet.md). Readers get bytes that our own writer made, so a malformed cell is a
// CHECK.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/check.h"
#include "model/any.h"

namespace strata::model {

class CellWriter {
 public:
  explicit CellWriter(std::string& out) : out_(out) {}

  void Varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }
  void Fixed64(std::uint64_t value) {
    char bytes[8];
    std::memcpy(bytes, &value, sizeof bytes);
    out_.append(bytes, sizeof bytes);
  }
  void Double(double value) { Fixed64(std::bit_cast<std::uint64_t>(value)); }
  void Byte(char value) { out_.push_back(value); }
  void String(std::string_view text) {
    Varint(text.size());
    out_.append(text);
  }

 private:
  std::string& out_;
};

// The cell of `count` items that are encoded already; it lies in `cell`.
inline std::string_view CellOf(std::uint64_t count, std::string_view items, std::string& cell) {
  cell.clear();
  CellWriter(cell).Varint(count);
  cell += items;
  return cell;
}

class CellReader {
 public:
  explicit CellReader(std::string_view cell) : at_(cell.data()), end_(at_ + cell.size()) {}

  bool done() const { return at_ == end_; }
  std::uint64_t Varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      CHECK(at_ != end_ && shift < 64);
      const auto byte = static_cast<unsigned char>(*at_++);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
  }
  std::uint64_t Fixed64() {
    CHECK(end_ - at_ >= 8);
    std::uint64_t value;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  double Double() { return std::bit_cast<double>(Fixed64()); }
  char Byte() {
    CHECK(at_ != end_);
    return *at_++;
  }
  std::string_view String() {
    const std::uint64_t length = Varint();
    CHECK(length <= static_cast<std::uint64_t>(end_ - at_));
    const std::string_view text(at_, length);
    at_ += length;
    return text;
  }

 private:
  const char* at_;
  const char* end_;
};

// The layouts, each after a leading Varint count of items:
//   attributes  { Byte type letter, String key, String text }           keys ascending, each once
//   events      { Fixed64 time, String name, Varint dropped, attributes cell inline }
//   links       { String trace id (0 or 16 raw bytes), String span id (0 or 8), String trace state,
//                 Varint flags, Varint dropped, attributes cell inline }
//   u64 list    { Fixed64 }          double list { Double }
//   quantiles   { Double quantile, Double value }
//   exemplars   { Fixed64 time, Byte value type ('i', 'd' or 'n'), Fixed64 int or double bits,
//                 String trace id (0 or 16), String span id (0 or 8), attributes cell inline }

}  // namespace strata::model
