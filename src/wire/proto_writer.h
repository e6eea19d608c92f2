// ProtoWriter: appends protobuf fields to a string. Lengths are minimal varints.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "wire/proto_cursor.h"

namespace strata::wire {

constexpr std::uint32_t EncodeZigZag32(std::int32_t value) {
  return static_cast<std::uint32_t>(value) << 1 ^ static_cast<std::uint32_t>(value >> 31);
}

class ProtoWriter {
 public:
  explicit ProtoWriter(std::string& out) : out_(out) {}

  void RawVarint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }
  void RawFixed64(std::uint64_t value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out_.append(bytes, sizeof bytes);
  }

  void Varint(std::uint32_t field, std::uint64_t value) {
    RawVarint(Tag(field, kVarint));
    RawVarint(value);
  }
  void Fixed64(std::uint32_t field, std::uint64_t value) {
    RawVarint(Tag(field, kFixed64));
    RawFixed64(value);
  }
  void Double(std::uint32_t field, double value) {
    Fixed64(field, std::bit_cast<std::uint64_t>(value));
  }
  void Fixed32(std::uint32_t field, std::uint32_t value) {
    RawVarint(Tag(field, kFixed32));
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out_.append(bytes, sizeof bytes);
  }
  void Bytes(std::uint32_t field, std::string_view bytes) {
    RawVarint(Tag(field, kBytes));
    RawVarint(bytes.size());
    out_ += bytes;
  }

  // Fields that are left out when they hold their default.
  void VarintUnlessZero(std::uint32_t field, std::uint64_t value) {
    if (value != 0) Varint(field, value);
  }
  void Fixed64UnlessZero(std::uint32_t field, std::uint64_t value) {
    if (value != 0) Fixed64(field, value);
  }
  void BytesUnlessEmpty(std::uint32_t field, std::string_view bytes) {
    if (!bytes.empty()) Bytes(field, bytes);
  }

  // Between them the fields of a message (or the items of a packed field) are written.
  std::size_t BeginMessage(std::uint32_t field) {
    RawVarint(Tag(field, kBytes));
    out_.push_back(0);
    return out_.size();
  }
  void EndMessage(std::size_t begin) {
    const std::size_t size = out_.size() - begin;
    if (size < 0x80) {
      out_[begin - 1] = static_cast<char>(size);
      return;
    }
    std::string length;
    ProtoWriter(length).RawVarint(size);
    out_.replace(begin - 1, 1, length);
  }

  std::size_t size() const { return out_.size(); }

 private:
  std::string& out_;
};

}  // namespace strata::wire
