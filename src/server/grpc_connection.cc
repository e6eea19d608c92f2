#include "server/grpc_connection.h"

#include <utility>

#include <boost/asio/buffer.hpp>

#include "base/fault_point.h"
#include "server/peer_text.h"

namespace strata::server {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kOutboxBytes = 64_KiB;
constexpr int kReadsInTurn = 4;  // then the thread's other connections have theirs
constexpr std::chrono::milliseconds kLingerTime{2000};
constexpr std::size_t kLingerBytes = 4_MiB;

}  // namespace

GrpcConnection::GrpcConnection(tcp::socket socket, std::shared_ptr<IoThread> thread,
                               std::shared_ptr<Listener> listener)
    : thread_(std::move(thread)),
      socket_(std::move(socket)),
      listener_(std::move(listener)),
      count_(*listener_),
      peer_(PeerText(socket_)),
      session_(*this, *listener_, SystemClock().Monotonic()) {}

void GrpcConnection::Start() {
  error_code ignored;  // a connection that is dead already fails at its first read
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  Flush();
  WaitForBytes();
}

void GrpcConnection::WaitForBytes() {
  if (phase_ == Phase::kClosed || waiting_for_bytes_ || waiting_for_room_) return;
  waiting_for_bytes_ = true;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code& error) {
    self->waiting_for_bytes_ = false;
    if (self->phase_ == Phase::kClosed) return;
    if (error) return self->Close();
    self->ReadSome();
  });
}

void GrpcConnection::ReadSome() {
  for (int i = 0; i < kReadsInTurn && phase_ != Phase::kClosed && !waiting_for_room_; ++i) {
    const std::span<std::byte> room = thread_->ReadRoom();
    error_code error;
    const std::size_t count = socket_.read_some(asio::buffer(room.data(), room.size()), error);
    if (error == asio::error::would_block) break;
    if (error) return Close();
    Receive(room.first(count));
  }
  WaitForBytes();
}

void GrpcConnection::Receive(ByteSpan bytes) {
  if (phase_ == Phase::kLingering) {
    if (bytes.size() >= linger_bytes_left_) return Close();
    linger_bytes_left_ -= bytes.size();
    return;
  }
  receiving_ = true;
  session_.Receive(bytes, SystemClock().Monotonic());
  receiving_ = false;
  for (const auto& call : std::exchange(answered_here_, {})) session_.Answer(call);
  Flush();
}

void GrpcConnection::PostAnswered(std::shared_ptr<GrpcCall> call) {
  if (thread_->IsCurrent() && receiving_) {
    answered_here_.push_back(std::move(call));
    return;
  }
  bool wake = false;
  {
    const MutexLock lock(mutex_);
    if (closed_) return;
    wake = answered_.empty();
    answered_.push_back(std::move(call));
  }
  if (wake) thread_->PostAnswered(shared_from_this());
}

void GrpcConnection::SendAnswers() {
  std::vector<std::shared_ptr<GrpcCall>> answered;
  {
    const MutexLock lock(mutex_);
    answered.swap(answered_);
  }
  if (phase_ != Phase::kOpen) return;
  for (const auto& call : answered) session_.Answer(call);
  Flush();
}

// Sends what the session has to say, until the socket is full or there is no more.
void GrpcConnection::Flush() {
  while (phase_ == Phase::kOpen && !waiting_for_room_) {
    if (sent_bytes_ == outbox_.size()) {
      outbox_.Clear();
      sent_bytes_ = 0;
      if (!session_.Send(outbox_, kOutboxBytes)) break;
    }
    error_code error;
    const std::size_t sent = socket_.write_some(
        asio::buffer(outbox_.data() + sent_bytes_, outbox_.size() - sent_bytes_), error);
    if (error == asio::error::would_block) return WaitForRoom();
    if (error) return Close();
    sent_bytes_ += sent;
    if (sent_bytes_ == outbox_.size()) FaultPoint<"server.grpc.answered">();
  }
  if (phase_ == Phase::kOpen && !waiting_for_room_ && session_.ended()) BeginLinger();
}

void GrpcConnection::WaitForRoom() {
  waiting_for_room_ = true;
  deadline_ = SystemClock().Monotonic() + listener_->options().write_time;
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code& error) {
    self->waiting_for_room_ = false;
    if (self->phase_ == Phase::kClosed) return;
    if (error) return self->Close();
    self->Flush();
    self->WaitForBytes();
  });
}

// Closing a socket that has unread bytes resets it, and the client may lose the last word.
void GrpcConnection::BeginLinger() {
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  if (error) return Close();
  phase_ = Phase::kLingering;
  linger_bytes_left_ = kLingerBytes;
  deadline_ = SystemClock().Monotonic() + kLingerTime;
  session_.Close();
}

void GrpcConnection::Close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  std::vector<std::shared_ptr<GrpcCall>> unsent;
  {
    const MutexLock lock(mutex_);
    closed_ = true;
    unsent.swap(answered_);
  }
  session_.Close();
  error_code ignored;
  socket_.close(ignored);
  count_.End();
  thread_->Release(*this);
}

void GrpcConnection::Sweep(MonotonicTime now) {
  const bool has_deadline = waiting_for_room_ || phase_ == Phase::kLingering;
  if (has_deadline && now >= deadline_) return Close();
  if (phase_ != Phase::kOpen) return;
  session_.Sweep(now);
  Flush();
}

void GrpcConnection::BeginStop() {
  if (phase_ != Phase::kOpen) return;
  session_.BeginStop();
  Flush();
}

}  // namespace strata::server
