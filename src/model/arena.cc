#include "model/arena.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace strata::model {
namespace {

constexpr std::size_t kPageBytesMax = 1 << 20;

}  // namespace

// Pages double up to 1 MiB, so that a small block stays small. What does not fit a page gets its
// own.
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
