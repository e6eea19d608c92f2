#include "server/http_io_thread.h"

#include <string>
#include <utility>

#include <boost/asio/post.hpp>
#include <pthread.h>

#include "server/http_connection.h"

namespace strata::server {

namespace asio = boost::asio;

HttpIoThread::HttpIoThread()
    : context_(1), work_(asio::make_work_guard(context_)), sweep_(context_) {}

HttpIoThread::~HttpIoThread() = default;

void HttpIoThread::Start(int number, std::chrono::milliseconds sweep_interval) {
  thread_ = std::thread([this, number] { Run(number); });
  asio::post(context_, [this, sweep_interval] { ScheduleSweep(sweep_interval); });
}

void HttpIoThread::Run(int number) {
  id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  pthread_setname_np(pthread_self(), ("strata-http-" + std::to_string(number)).c_str());
  context_.run();
}

void HttpIoThread::PostStop() {
  asio::post(context_, [this] { BeginStop(); });
}

bool HttpIoThread::WaitUntilEmpty(MonotonicTime deadline) {
  mutex_.lock();
  const bool empty = emptied_.wait_until(mutex_, deadline, [this] { return empty_; });
  mutex_.unlock();
  return empty;
}

void HttpIoThread::Finish() {
  asio::post(context_, [this] { Abort(); });
  thread_.join();
}

void HttpIoThread::PostAdopt(std::shared_ptr<HttpConnection> connection) {
  connection_count_.fetch_add(1, std::memory_order_relaxed);
  asio::post(context_, [this, connection = std::move(connection)] { Adopt(connection); });
}

void HttpIoThread::PostAnswered(std::shared_ptr<HttpConnection> connection) {
  bool wake = false;
  {
    const MutexLock lock(mutex_);
    if (finished_) return;
    wake = answered_.empty();
    answered_.push_back(std::move(connection));
  }
  if (wake) asio::post(context_, [this] { SendAnswers(); });
}

void HttpIoThread::SendAnswers() {
  {
    const MutexLock lock(mutex_);
    sending_.swap(answered_);
  }
  for (const auto& connection : sending_) connection->SendAnswer();
  sending_.clear();
}

void HttpIoThread::Adopt(const std::shared_ptr<HttpConnection>& connection) {
  connection->slot = connections_.size();
  connections_.push_back(connection);
  connection->Start();
  if (finishing_) return connection->Abort();
  if (stopping_) connection->BeginStop();
}

void HttpIoThread::Release(HttpConnection& connection) {
  const std::size_t slot = connection.slot;
  connections_.back()->slot = slot;
  std::swap(connections_[slot], connections_.back());
  // The caller holds a reference of its own: it is in the middle of one of its functions.
  connections_.pop_back();
  connection_count_.fetch_sub(1, std::memory_order_relaxed);
  if (stopping_ && connections_.empty()) {
    const MutexLock lock(mutex_);
    empty_ = true;
    emptied_.notify_all();
  }
}

void HttpIoThread::BeginStop() {
  stopping_ = true;
  // Backwards: closing one moves the last into its place.
  for (std::size_t i = connections_.size(); i-- > 0;) {
    const auto connection = connections_[i];
    connection->BeginStop();
  }
  const MutexLock lock(mutex_);
  empty_ = connections_.empty();
  emptied_.notify_all();
}

void HttpIoThread::Abort() {
  stopping_ = true;
  finishing_ = true;
  std::vector<std::shared_ptr<HttpConnection>> abandoned;
  {
    const MutexLock lock(mutex_);
    finished_ = true;
    abandoned.swap(answered_);
  }
  for (std::size_t i = connections_.size(); i-- > 0;) {
    const auto connection = connections_[i];
    connection->Abort();
  }
  sweep_.cancel();
  work_.reset();
}

void HttpIoThread::ScheduleSweep(std::chrono::milliseconds interval) {
  sweep_.expires_after(interval);
  sweep_.async_wait([this, interval](const boost::system::error_code& error) {
    // A timer that ran out just before it was cancelled still comes here.
    if (error || finishing_) return;
    Sweep();
    ScheduleSweep(interval);
  });
}

void HttpIoThread::Sweep() {
  const MonotonicTime now = SystemClock().Monotonic();
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (i >= connections_.size()) continue;
    const auto connection = connections_[i];
    connection->Sweep(now);
  }
}

}  // namespace strata::server
