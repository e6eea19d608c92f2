// Memory for direct reads and writes: starts at a multiple of 4096, not initialised.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>

#include "base/check.h"

namespace strata::os {

class AlignedBuffer {
 public:
  static constexpr std::size_t kAlignment = 4096;

  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t bytes)
      : size_((bytes + kAlignment - 1) / kAlignment * kAlignment),
        bytes_(static_cast<std::byte*>(std::aligned_alloc(kAlignment, size_))) {
    CHECK(bytes_ != nullptr || size_ == 0);
  }

  std::byte* data() { return bytes_.get(); }
  const std::byte* data() const { return bytes_.get(); }
  std::size_t size() const { return size_; }  // rounded up to kAlignment
  std::span<std::byte> span() { return {bytes_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };
  std::size_t size_ = 0;
  std::unique_ptr<std::byte, Free> bytes_;
};

}  // namespace strata::os
