#include "server/work_pool.h"

#include <utility>

#include <pthread.h>

namespace strata::server {

WorkPool::WorkPool(std::string name, int threads, std::size_t waiting_max)
    : name_(std::move(name)), waiting_max_(waiting_max) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

WorkPool::~WorkPool() {
  std::deque<Callback<void()>> dropped;
  {
    const MutexLock lock(mutex_);
    ending_ = true;
    dropped.swap(waiting_);
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkPool::Submit(Callback<void()> work) {
  {
    const MutexLock lock(mutex_);
    if (ending_ || waiting_.size() >= waiting_max_) return false;
    waiting_.push_back(std::move(work));
  }
  changed_.notify_one();
  return true;
}

void WorkPool::Run() {
  pthread_setname_np(pthread_self(), name_.c_str());
  while (true) {
    Callback<void()> work;
    mutex_.lock();
    changed_.wait(mutex_, [this] {
      mutex_.AssertHeld();
      return ending_ || !waiting_.empty();
    });
    if (ending_) {
      mutex_.unlock();
      return;
    }
    work = std::move(waiting_.front());
    waiting_.pop_front();
    mutex_.unlock();
    work();
  }
}

}  // namespace strata::server
