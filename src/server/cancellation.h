// Tells whoever works on a request that nobody waits for it any more. Most handlers never ask, so
// the stop state is made when one does.
#pragma once

#include <optional>
#include <stop_token>

#include "base/mutex.h"

namespace strata::server {

class Cancellation {
 public:
  // Any thread. Asked for too late it is stopped already.
  std::stop_token Token() {
    const MutexLock lock(mutex_);
    if (!source_) {
      source_.emplace();
      if (requested_) source_->request_stop();
    }
    return source_->get_token();
  }
  bool IsWatched() {
    const MutexLock lock(mutex_);
    return source_.has_value();
  }
  void Request() {
    std::optional<std::stop_source> source;
    {
      const MutexLock lock(mutex_);
      requested_ = true;
      source = source_;
    }
    // Out of the lock: the callbacks of whoever watches run in here.
    if (source) source->request_stop();
  }
  // For the next request.
  void Reset() {
    const MutexLock lock(mutex_);
    source_.reset();
    requested_ = false;
  }

 private:
  Mutex mutex_;
  std::optional<std::stop_source> source_ GUARDED_BY(mutex_);
  bool requested_ GUARDED_BY(mutex_) = false;
};

}  // namespace strata::server
