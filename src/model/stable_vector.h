// StableVector: append-only, elements never move, one writer, readers without locks.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>

#include "base/check.h"

namespace strata::model {

// Element i lies in a segment whose size doubles, so that no element ever moves. A reader may use
// the elements below a size() that it loaded; Append publishes with release.
template <class T, std::size_t kFirst = 16>
class StableVector {
  static_assert(std::has_single_bit(kFirst));

 public:
  StableVector() = default;
  StableVector(const StableVector&) = delete;
  StableVector& operator=(const StableVector&) = delete;
  ~StableVector() {
    for (auto& segment : segments_) delete[] segment.load(std::memory_order_relaxed);
  }

  std::size_t size() const { return size_.load(std::memory_order_acquire); }

  const T& operator[](std::size_t index) const { return *At(index); }
  T& operator[](std::size_t index) { return *At(index); }

  // Writer only.
  T& Append(T value) {
    const std::size_t index = size_.load(std::memory_order_relaxed);
    const std::size_t segment = SegmentOf(index);
    CHECK(segment < kSegments);
    if (segments_[segment].load(std::memory_order_relaxed) == nullptr) {
      segments_[segment].store(new T[kFirst << (segment == 0 ? 0 : segment - 1)](),
                               std::memory_order_release);
    }
    T& slot = *At(index);
    slot = std::move(value);
    size_.store(index + 1, std::memory_order_release);
    return slot;
  }

 private:
  static constexpr std::size_t kSegments = 40;
  // Segment 0 holds [0, kFirst), segment s > 0 holds [kFirst << (s - 1), kFirst << s).
  static std::size_t SegmentOf(std::size_t index) {
    return static_cast<std::size_t>(std::bit_width(index / kFirst));
  }
  T* At(std::size_t index) const {
    const std::size_t segment = SegmentOf(index);
    const std::size_t begin = segment == 0 ? 0 : kFirst << (segment - 1);
    return segments_[segment].load(std::memory_order_acquire) + (index - begin);
  }

  std::array<std::atomic<T*>, kSegments> segments_{};
  std::atomic<std::size_t> size_{0};
};

}  // namespace strata::model
