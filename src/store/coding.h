// Reading and writing of the little-endian fields that the store's files are made of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"
#include "base/check.h"

namespace strata::store {

class FieldWriter {
 public:
  template <class T>
    requires std::is_integral_v<T>
  void Put(T value) {
    const auto raw = std::as_bytes(std::span(&value, 1));
    bytes_.insert(bytes_.end(), raw.begin(), raw.end());
  }
  void PutText(std::string_view text) {
    CHECK(text.size() <= UINT32_MAX);
    Put(static_cast<std::uint32_t>(text.size()));
    const auto raw = AsBytes(text);
    bytes_.insert(bytes_.end(), raw.begin(), raw.end());
  }
  const Bytes& bytes() const { return bytes_; }
  Bytes Take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

// Never reads beyond its bytes: what is missing reads as zero or empty, and ok() turns false.
class FieldReader {
 public:
  explicit FieldReader(ByteSpan bytes) : bytes_(bytes) {}

  template <class T>
    requires std::is_integral_v<T>
  T Take() {
    if (!Has(sizeof(T))) return T{};
    const T value = LoadLe<T>(bytes_);
    bytes_ = bytes_.subspan(sizeof(T));
    return value;
  }
  std::string TakeText() {
    const std::size_t size = Take<std::uint32_t>();
    if (!Has(size)) return {};
    std::string text(AsText(bytes_.first(size)));
    bytes_ = bytes_.subspan(size);
    return text;
  }
  // True when `count` more items of at least `item_bytes` can follow: asked before memory is sized.
  bool Has(std::uint64_t count, std::uint64_t item_bytes = 1) {
    if (count > bytes_.size() / item_bytes) ok_ = false;
    return ok_;
  }
  void Fail() { ok_ = false; }
  bool ok() const { return ok_; }
  bool empty() const { return bytes_.empty(); }

 private:
  ByteSpan bytes_;
  bool ok_ = true;
};

}  // namespace strata::store
