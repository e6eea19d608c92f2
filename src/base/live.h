// A value that one thread replaces as a whole while others read it: settings that a reload changes.
//
// What was replaced is kept until the end, so that a reference stays good without a lock or a
// count: for small values that change when a person says so.
#pragma once

#include <atomic>
#include <list>
#include <utility>

#include "base/mutex.h"

namespace strata {

template <class T>
class Live {
 public:
  explicit Live(T first) { Set(std::move(first)); }
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  // Any thread. Lives as long as this; who needs two values that fit together calls it once.
  const T& Get() const { return *current_.load(std::memory_order_acquire); }

  // Any thread.
  void Set(T next) {
    const MutexLock lock(mutex_);
    current_.store(&all_.emplace_back(std::move(next)), std::memory_order_release);
  }

 private:
  std::atomic<const T*> current_{nullptr};
  Mutex mutex_;
  std::list<T> all_ GUARDED_BY(mutex_);  // addresses are handed out
};

}  // namespace strata
