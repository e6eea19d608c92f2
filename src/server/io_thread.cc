#include "server/io_thread.h"

#include <string>
#include <utility>

#include <boost/asio/post.hpp>
#include <pthread.h>

namespace strata::server {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kReadRoomBytes = 256_KiB;

}  // namespace

IoThread::IoThread() : context_(1), work_(asio::make_work_guard(context_)), sweep_(context_) {}

IoThread::~IoThread() = default;

void IoThread::Start(int number, std::chrono::milliseconds sweep_interval) {
  thread_ = std::thread([this, number] { Run(number); });
  asio::post(context_, [this, sweep_interval] { ScheduleSweep(sweep_interval); });
}

void IoThread::Run(int number) {
  id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  pthread_setname_np(pthread_self(), ("strata-io-" + std::to_string(number)).c_str());
  context_.run();
}

void IoThread::PostStop() {
  asio::post(context_, [this] { BeginStop(); });
}

bool IoThread::WaitUntilEmpty(MonotonicTime deadline) {
  mutex_.lock();
  const bool empty = emptied_.wait_until(mutex_, deadline, [this] {
    mutex_.AssertHeld();
    return empty_;
  });
  mutex_.unlock();
  return empty;
}

void IoThread::Finish() {
  asio::post(context_, [this] { Abort(); });
  thread_.join();
}

void IoThread::PostAdopt(std::shared_ptr<Connection> connection) {
  connection_count_.fetch_add(1, std::memory_order_relaxed);
  asio::post(context_, [this, connection = std::move(connection)] { Adopt(connection); });
}

void IoThread::PostAnswered(std::shared_ptr<Connection> connection) {
  bool wake = false;
  {
    const MutexLock lock(mutex_);
    if (finished_) return;
    wake = answered_.empty();
    answered_.push_back(std::move(connection));
  }
  if (wake) asio::post(context_, [this] { SendAnswers(); });
}

void IoThread::SendAnswers() {
  {
    const MutexLock lock(mutex_);
    sending_.swap(answered_);
  }
  for (const auto& connection : sending_) connection->SendAnswers();
  sending_.clear();
}

void IoThread::Adopt(const std::shared_ptr<Connection>& connection) {
  connection->slot = connections_.size();
  connections_.push_back(connection);
  connection->Start();
  if (finishing_) return connection->Abort();
  if (stopping_) connection->BeginStop();
}

void IoThread::Release(Connection& connection) {
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

std::span<std::byte> IoThread::ReadRoom() {
  read_room_.Reserve(kReadRoomBytes);
  return read_room_.Spare();
}

void IoThread::BeginStop() {
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

void IoThread::Abort() {
  stopping_ = true;
  finishing_ = true;
  std::vector<std::shared_ptr<Connection>> abandoned;
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

void IoThread::ScheduleSweep(std::chrono::milliseconds interval) {
  sweep_.expires_after(interval);
  sweep_.async_wait([this, interval](const boost::system::error_code& error) {
    // A timer that ran out just before it was cancelled still comes here.
    if (error || finishing_) return;
    Sweep();
    ScheduleSweep(interval);
  });
}

void IoThread::Sweep() {
  const MonotonicTime now = SystemClock().Monotonic();
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (i >= connections_.size()) continue;
    const auto connection = connections_[i];
    connection->Sweep(now);
  }
}

}  // namespace strata::server
