#include "model/arena.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace strata::model {
namespace {

constexpr std::size_t kPageBytesMax = 1 << 20;

}  // namespace

void* Arena::Allocate(std::size_t bytes, std::size_t alignment) {
  const auto misfit = reinterpret_cast<std::uintptr_t>(at_) & (alignment - 1);
  const std::size_t skip = misfit == 0 ? 0 : alignment - misfit;
  if (at_ == nullptr || bytes + skip > static_cast<std::size_t>(end_ - at_)) {
    Grow(bytes);
    return Allocate(bytes, alignment);
  }
  std::byte* result = at_ + skip;
  at_ = result + bytes;
  return result;
}

// Pages double up to 1 MiB, so that a small block stays small. What does not fit a page gets its own.
void Arena::Grow(std::size_t bytes) {
  const std::size_t page = std::max(next_page_bytes_, bytes + 64);
  next_page_bytes_ = std::min(next_page_bytes_ * 2, kPageBytesMax);
  void* memory = std::calloc(1, page);
  if (memory == nullptr) throw std::bad_alloc();
  pages_.emplace_back(memory);
  at_ = static_cast<std::byte*>(memory);
  end_ = at_ + page;
  bytes_.fetch_add(page, std::memory_order_relaxed);
}

}  // namespace strata::model
