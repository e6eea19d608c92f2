// ProtoCursor: reads one protobuf message in place. Every read is checked against the message's
// end; nothing is asserted and nothing thrown, whatever the bytes are.
//
// Use:
//   while (const std::uint32_t tag = cursor.NextTag()) {
//     switch (tag) {
//       case Tag(1, kFixed64): time = cursor.Fixed64(); break;
//       default: cursor.Skip(tag, kKnownFields);
//     }
//   }
// Damage sets the flag that all cursors of one request share and ends the loop; reads give zero
// then. So only whoever owns the flag asks for it. Why not protozero: docs/adr (its checked calls
// throw, its unchecked ones assert, and the record loop is the hottest of the product).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace strata::wire {

inline constexpr std::uint32_t kVarint = 0;
inline constexpr std::uint32_t kFixed64 = 1;
inline constexpr std::uint32_t kBytes = 2;
inline constexpr std::uint32_t kFixed32 = 5;

constexpr std::uint32_t Tag(std::uint32_t field, std::uint32_t wire_type) {
  return field << 3 | wire_type;
}

// A sint32 from its varint.
constexpr std::int32_t DecodeZigZag32(std::uint64_t varint) {
  const auto bits = static_cast<std::uint32_t>(varint);
  return static_cast<std::int32_t>(bits >> 1 ^ (0U - (bits & 1)));
}

// A set of field numbers below 64, for Skip().
template <class... Numbers>
constexpr std::uint64_t Fields(Numbers... numbers) {
  return ((std::uint64_t{1} << numbers) | ...);
}

class ProtoCursor {
 public:
  ProtoCursor(std::string_view message, bool& malformed)
      : at_(message.data()), end_(message.data() + message.size()), malformed_(&malformed) {}

  // The next field's tag; 0 at the end, and after damage.
  std::uint32_t NextTag() {
    if (at_ == end_) return 0;
    const auto first = static_cast<unsigned char>(*at_);
    if (first >= 8 && first < 0x80) [[likely]] {
      ++at_;
      return first;
    }
    const std::uint64_t tag = Varint();
    if (tag > UINT32_MAX || tag < 8) {
      Fail();
      return 0;
    }
    return static_cast<std::uint32_t>(tag);
  }

  bool AtEnd() const { return at_ == end_; }

  std::uint64_t Varint() {
    if (at_ != end_) [[likely]] {
      const auto first = static_cast<unsigned char>(*at_);
      if (first < 0x80) {
        ++at_;
        return first;
      }
    }
    const LongVarint read = ReadLongVarint(at_, end_);
    at_ = read.next;
    if (at_ == nullptr) Fail();
    return read.value;
  }

  std::uint64_t Fixed64() { return Fixed<std::uint64_t>(); }
  std::uint32_t Fixed32() { return Fixed<std::uint32_t>(); }
  double Double() { return Fixed<double>(); }

  std::string_view Bytes() {
    const std::uint64_t size = Varint();
    if (size > static_cast<std::uint64_t>(end_ - at_)) {
      Fail();
      return {};
    }
    const std::string_view bytes(at_, size);
    at_ += size;
    return bytes;
  }

  // Passes over a field that the caller does not read. One whose number is in `known` came with
  // another wire type than that number has: damage. Groups are not passed over: OTLP has none.
  void Skip(std::uint32_t tag, std::uint64_t known) {
    const std::uint32_t field = tag >> 3;
    if (field < 64 && ((known >> field) & 1) != 0) return Fail();
    switch (tag & 7) {
      case kVarint:
        Varint();
        return;
      case kFixed64:
        Fixed64();
        return;
      case kBytes:
        Bytes();
        return;
      case kFixed32:
        Fixed32();
        return;
      default:
        Fail();
    }
  }

  void Fail() {
    *malformed_ = true;
    at_ = end_;
  }

 private:
  struct LongVarint {
    std::uint64_t value;
    const char* next;  // nullptr: damaged
  };

  // Static and by value, so that a cursor on the stack stays in registers.
  static LongVarint ReadLongVarint(const char* at, const char* end) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && at != end; shift += 7) {
      const auto byte = static_cast<unsigned char>(*at++);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return {value, at};
    }
    return {0, nullptr};
  }

  template <class T>
  T Fixed() {
    T value{};
    if (static_cast<std::size_t>(end_ - at_) < sizeof value) {
      Fail();
      return value;
    }
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  const char* at_;
  const char* end_;
  bool* malformed_;
};

}  // namespace strata::wire
