// One thread that owns connections: its event loop, the answers that other threads left for it, and
// the sweep that enforces deadlines. Internal to the transports.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "server/connection.h"

namespace strata::server {

class IoThread {
 public:
  IoThread();
  ~IoThread();

  // --- The server's thread ---
  void Start(int number, std::chrono::milliseconds sweep_interval);
  // Idle connections close, the others after their answer; no new ones.
  void PostStop();
  // False: connections are still open at `deadline`.
  bool WaitUntilEmpty(MonotonicTime deadline);
  // Cancels what is in flight, closes every connection, ends the loop. Answers go nowhere from here
  // on. Requires: Start was called.
  void Finish();

  // --- Any thread ---
  boost::asio::io_context& context() { return context_; }
  bool IsCurrent() const {
    return std::this_thread::get_id() == id_.load(std::memory_order_relaxed);
  }
  // Open connections, with those that are on their way to this thread.
  std::size_t connection_count() const { return connection_count_.load(std::memory_order_relaxed); }
  void PostAdopt(std::shared_ptr<Connection> connection);
  // The connection has been given its answer. One wake-up serves all answers that arrive before the
  // thread gets to them: a committer that settles sixty requests wakes it once.
  void PostAnswered(std::shared_ptr<Connection> connection);

  // --- This thread ---
  void Release(Connection& connection);
  // Room for one read, to be used up before the next is called: connections that wait need none.
  std::span<std::byte> ReadRoom();

 private:
  void Run(int number);
  void Adopt(const std::shared_ptr<Connection>& connection);
  void BeginStop();
  void Abort();
  void SendAnswers();
  void ScheduleSweep(std::chrono::milliseconds interval);
  void Sweep();

  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer sweep_;
  std::thread thread_;
  std::atomic<std::thread::id> id_{};
  std::atomic<std::size_t> connection_count_{0};

  // Confined to the thread. Each connection knows its index in `connections_`.
  std::vector<std::shared_ptr<Connection>> connections_;
  std::vector<std::shared_ptr<Connection>> sending_;
  Buffer read_room_;
  bool stopping_ = false;
  bool finishing_ = false;  // only what is under way comes to its end

  Mutex mutex_;
  ConditionVariable emptied_;
  std::vector<std::shared_ptr<Connection>> answered_ GUARDED_BY(mutex_);
  bool empty_ GUARDED_BY(mutex_) = false;     // stopping, and the last connection has gone
  bool finished_ GUARDED_BY(mutex_) = false;  // the loop ends or has ended
};

}  // namespace strata::server
