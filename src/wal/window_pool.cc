#include "wal/window_pool.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace strata::wal {

struct WindowPool::Idle {
  std::mutex mutex;
  std::vector<std::unique_ptr<os::AlignedBuffer>> windows;
};

WindowPool::WindowPool() : idle_(std::make_shared<Idle>()) {}

std::shared_ptr<os::AlignedBuffer> WindowPool::Take(std::size_t bytes) const {
  std::unique_ptr<os::AlignedBuffer> window;
  {
    const std::scoped_lock lock(idle_->mutex);
    const auto found = std::ranges::find_if(
        idle_->windows, [bytes](const auto& idle) { return idle->size() >= bytes; });
    if (found != idle_->windows.end()) {
      std::swap(*found, idle_->windows.back());
      window = std::move(idle_->windows.back());
      idle_->windows.pop_back();
    }
  }
  if (window == nullptr) window = std::make_unique<os::AlignedBuffer>(bytes);
  return {window.release(), [idle = idle_](os::AlignedBuffer* returned) {
            std::unique_ptr<os::AlignedBuffer> owned(returned);
            const std::scoped_lock lock(idle->mutex);
            idle->windows.push_back(std::move(owned));
          }};
}

}  // namespace strata::wal
