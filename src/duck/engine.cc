#include "duck/engine.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/mutex.h"
#include "duck/instance.h"
#include "duck/part_cache.h"
#include "duck/statement_run.h"

namespace strata::duck {

using Clock = std::chrono::steady_clock;

// Interrupts statements whose deadline has passed. One thread for all.
class Watchdog {
 public:
  Watchdog() : thread_([this](const std::stop_token& stop) { Loop(stop); }) {}
  ~Watchdog() {
    thread_.request_stop();
    changed_.notify_all();
  }

  std::uint64_t Add(MonotonicTime deadline, std::function<void()> interrupt) {
    const MutexLock lock(mutex_);
    watched_[++last_] = {deadline, std::move(interrupt)};
    changed_.notify_all();
    return last_;
  }
  // When it returns, the interrupt is not being called and will not be.
  void Remove(std::uint64_t id) {
    const MutexLock lock(mutex_);
    watched_.erase(id);
  }

 private:
  struct Watched {
    MonotonicTime deadline;
    std::function<void()> interrupt;
  };

  void Loop(const std::stop_token& stop) {
    const MutexLock lock(mutex_);
    while (!stop.stop_requested()) {
      const auto now = Clock::now();
      auto next = MonotonicTime::max();
      for (auto& [id, watched] : watched_) {
        if (watched.deadline <= now) {
          // Again and again: DuckDB forgets an interrupt that comes between two of its phases.
          watched.interrupt();
          next = std::min(next, now + std::chrono::milliseconds(10));
        } else {
          next = std::min(next, watched.deadline);
        }
      }
      if (next == MonotonicTime::max()) {
        changed_.wait(mutex_);
      } else {
        changed_.wait_until(mutex_, next);
      }
    }
  }

  Mutex mutex_;
  ConditionVariable changed_;
  std::map<std::uint64_t, Watched> watched_ GUARDED_BY(mutex_);
  std::uint64_t last_ GUARDED_BY(mutex_) = 0;
  std::jthread thread_;
};

class Engine::Impl {
 public:
  Impl(const EngineConfig& config, os::FileSystem& files)
      : config_(config),
        files_(files),
        memory_bytes_(config.memory_bytes),
        cache_(config.cache_bytes) {}

  Status Open() {
    for (std::uint32_t i = 0; i < config_.concurrency; ++i) {
      ASSIGN_OR_RETURN(auto instance, NewInstance());
      const MutexLock lock(mutex_);
      idle_.push_back(std::move(instance));
    }
    return Done{};
  }

  std::variant<Answer, SqlError> Run(const Statement& statement,
                                     std::shared_ptr<const Snapshot> snapshot) {
    auto instance = Take(statement);
    if (instance == nullptr) {
      return SqlError{.code = Code::kExhausted,
                      .message = "too many statements are running",
                      .hint = "try again later"};
    }
    Fit(instance);
    StatementRun run({.statement = statement,
                      .snapshot = std::move(snapshot),
                      .files = files_,
                      .cache = cache_,
                      .answer_bytes_max = config_.answer_bytes_max});
    auto outcome = RunWatched(run, *instance, statement);
    Return(std::move(instance), run.instance_is_broken());
    const MutexLock lock(mutex_);
    ++stats_.statements;
    if (std::holds_alternative<SqlError>(outcome)) ++stats_.failed;
    return outcome;
  }

  void SetMemory(std::uint64_t memory_bytes) {
    memory_bytes_.store(memory_bytes, std::memory_order_relaxed);
  }

  EngineStats stats() const {
    const MutexLock lock(mutex_);
    EngineStats stats = stats_;
    stats.running = running_;
    stats.cache_bytes = cache_.bytes();
    return stats;
  }

 private:
  std::uint64_t InstanceBytes() const {
    return memory_bytes_.load(std::memory_order_relaxed) / config_.concurrency;
  }

  Result<std::unique_ptr<Instance>> NewInstance() const {
    return Instance::Open({.memory_bytes = InstanceBytes(), .threads = config_.threads});
  }

  // The limit of an instance is locked with the rest of its settings: another limit is another
  // instance.
  void Fit(std::unique_ptr<Instance>& instance) const {
    if (instance->memory_bytes() == InstanceBytes()) return;
    if (auto fresh = NewInstance()) instance = *std::move(fresh);
  }

  std::variant<Answer, SqlError> RunWatched(StatementRun& run, Instance& instance,
                                            const Statement& statement) {
    auto connection = instance.Connect();
    const auto interrupt = [&run, context = connection->context] {
      run.MarkInterrupted();
      context->Interrupt();
    };
    const std::uint64_t watch = watchdog_.Add(statement.deadline, interrupt);
    std::uint64_t stop_watch = 0;
    std::mutex stop_mutex;
    std::variant<Answer, SqlError> outcome;
    {
      // A stop is a deadline that has passed: the watchdog goes on interrupting.
      const std::stop_callback on_stop(statement.stop, [&] {
        const std::lock_guard lock(stop_mutex);
        stop_watch = watchdog_.Add(MonotonicTime::min(), interrupt);
      });
      outcome = run.Execute(*connection);
    }
    watchdog_.Remove(watch);
    const std::lock_guard lock(stop_mutex);
    if (stop_watch != 0) watchdog_.Remove(stop_watch);
    return outcome;
  }

  // Waits for an idle instance: not longer than a second, nor than half the statement's time.
  std::unique_ptr<Instance> Take(const Statement& statement) {
    const auto now = Clock::now();
    auto until = now + std::chrono::seconds(1);
    if (statement.deadline < MonotonicTime::max()) {
      until = std::min(until, now + (statement.deadline - now) / 2);
    }
    const MutexLock lock(mutex_);
    while (idle_.empty()) {
      if (changed_.wait_until(mutex_, until) == std::cv_status::timeout && idle_.empty()) {
        return nullptr;
      }
    }
    auto instance = std::move(idle_.back());
    idle_.pop_back();
    ++running_;
    return instance;
  }

  void Return(std::unique_ptr<Instance> instance, bool broken) {
    if (broken) {
      instance.reset();
      auto fresh = NewInstance();
      // Without a fresh one the pool shrinks; the last one is kept at any rate.
      if (fresh) instance = *std::move(fresh);
    }
    const MutexLock lock(mutex_);
    if (broken) ++stats_.instances_replaced;
    if (instance != nullptr) idle_.push_back(std::move(instance));
    --running_;
    changed_.notify_one();
  }

  const EngineConfig config_;
  os::FileSystem& files_;
  std::atomic<std::uint64_t> memory_bytes_;  // of all instances together
  PartCache cache_;
  mutable Mutex mutex_;
  ConditionVariable changed_;
  std::vector<std::unique_ptr<Instance>> idle_ GUARDED_BY(mutex_);
  std::uint32_t running_ GUARDED_BY(mutex_) = 0;
  EngineStats stats_ GUARDED_BY(mutex_);
  Watchdog watchdog_;
};

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::Open(const EngineConfig& config, os::FileSystem& files) {
  CHECK(config.concurrency >= 1 && config.threads >= 1);
  auto impl = std::make_unique<Impl>(config, files);
  RETURN_IF_ERROR(impl->Open());
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

void Engine::SetMemory(std::uint64_t memory_bytes) {
  impl_->SetMemory(memory_bytes);
}

std::variant<Answer, SqlError> Engine::Run(const Statement& statement,
                                           std::shared_ptr<const Snapshot> snapshot) {
  return impl_->Run(statement, std::move(snapshot));
}

EngineStats Engine::stats() const {
  return impl_->stats();
}

}  // namespace strata::duck
