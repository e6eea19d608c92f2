// Owned, contiguous, growable bytes that are not initialised when they grow: a request's body on
// its way from the socket through the decoder to the log. Moved, never copied by accident.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"

namespace strata {

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t capacity) { Reserve(capacity); }
  static Buffer CopyOf(ByteSpan bytes) {
    Buffer copy;
    copy.Append(bytes);
    return copy;
  }

  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~Buffer() { std::free(data_); }

  const std::byte* data() const { return data_; }
  std::byte* data() { return data_; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  operator ByteSpan() const { return {data_, size_}; }  // NOLINT(google-explicit-constructor)

  // Makes room for `capacity` bytes in all; never shrinks. Ends the process when memory is out:
  // whoever sizes a Buffer from the outside checks its limit first.
  void Reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    auto* grown = static_cast<std::byte*>(std::realloc(data_, capacity));
    CHECK(grown != nullptr);
    data_ = grown;
    capacity_ = capacity;
  }

  void Append(ByteSpan bytes) {
    if (bytes.empty()) return;
    if (bytes.size() > capacity_ - size_) GrowFor(bytes.size());
    std::memcpy(data_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }

  // Doubles, so that appending stays linear in all.
  void GrowFor(std::size_t more) {
    const std::size_t needed = size_ + more;
    Reserve(needed > 2 * capacity_ ? needed : 2 * capacity_);
  }

  // The room behind the last byte, to be written by the caller, who then says how much was.
  std::span<std::byte> Spare() { return {data_ + size_, capacity_ - size_}; }
  // Requires: count <= Spare().size().
  void Written(std::size_t count) {
    CHECK(count <= capacity_ - size_);
    size_ += count;
  }

  void Clear() { size_ = 0; }

 private:
  std::byte* data_ = nullptr;  // from malloc
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace strata
