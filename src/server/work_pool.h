// A few threads that may block, for work that must not run on a connection thread.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "base/callback.h"
#include "base/mutex.h"

namespace strata::server {

class WorkPool {
 public:
  // `name` is the threads' name, at most 15 bytes.
  WorkPool(std::string name, int threads, std::size_t waiting_max);
  // Waits for work that runs; drops work that waits.
  ~WorkPool();
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  // False: too much waits already, the work was dropped.
  bool Submit(Callback<void()> work);

 private:
  void Run();

  const std::string name_;
  const std::size_t waiting_max_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<Callback<void()>> waiting_ GUARDED_BY(mutex_);
  bool ending_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace strata::server
