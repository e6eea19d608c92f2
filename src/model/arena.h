// Arena: memory for the strings of one block. Grows only; freed as a whole.
// Threads: one writer. Readers use what the writer published; nothing ever moves.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "model/text.h"

namespace strata::model {

class Arena {
 public:
  // Zeroed memory, aligned to `alignment` (a power of two, at most 64).
  void* Allocate(std::size_t bytes, std::size_t alignment = 8) {
    for (;;) {
      const std::size_t skip = -reinterpret_cast<std::uintptr_t>(at_) & (alignment - 1);
      if (bytes + skip <= static_cast<std::size_t>(end_ - at_) && at_ != nullptr) {
        std::byte* result = at_ + skip;
        at_ = result + bytes;
        return result;
      }
      Grow(bytes);
    }
  }

  // A Text whose bytes are in the arena (or inline).
  Text Copy(std::string_view text) {
    if (text.size() <= Text::kInlineBytes) return Text(text);
    auto* at = static_cast<char*>(Allocate(text.size(), 1));
    std::memcpy(at, text.data(), text.size());
    return Text(std::string_view(at, text.size()));
  }

  // Bytes reserved from the system. Any thread.
  std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  struct Free {
    void operator()(void* at) const { std::free(at); }
  };
  void Grow(std::size_t bytes);

  std::vector<std::unique_ptr<void, Free>> pages_;
  std::byte* at_ = nullptr;
  std::byte* end_ = nullptr;
  std::size_t next_page_bytes_ = 4096;
  std::atomic<std::size_t> bytes_{0};
};

}  // namespace strata::model
