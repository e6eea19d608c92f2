// Mutex with Clang's thread-safety annotations. g++ ignores them; a clang build warns.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define STRATA_TS(x) __attribute__((x))
#else
#define STRATA_TS(x)
#endif
// Abseil, which gRPC's headers bring in, has macros of the same names and meaning.
#undef GUARDED_BY
#undef REQUIRES
#undef EXCLUDES
#define GUARDED_BY(m) STRATA_TS(guarded_by(m))
#define REQUIRES(m) STRATA_TS(requires_capability(m))
#define EXCLUDES(m) STRATA_TS(locks_excluded(m))

namespace strata {

class STRATA_TS(capability("mutex")) Mutex {
 public:
  void lock() STRATA_TS(acquire_capability()) { mutex_.lock(); }
  void unlock() STRATA_TS(release_capability()) { mutex_.unlock(); }
  bool try_lock() STRATA_TS(try_acquire_capability(true)) { return mutex_.try_lock(); }
  // Says to the analysis what it cannot see: the caller holds it.
  void AssertHeld() const STRATA_TS(assert_capability(this)) {}

 private:
  std::mutex mutex_;
};

class STRATA_TS(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) STRATA_TS(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() STRATA_TS(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits on a strata::Mutex that the caller holds.
using ConditionVariable = std::condition_variable_any;

}  // namespace strata
