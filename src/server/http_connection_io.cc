// The half of a connection that the outside drives: bytes that arrive, deadlines, stopping.
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <sys/socket.h>

#include "server/http_connection.h"

namespace strata::server {

namespace asio = boost::asio;
using boost::system::error_code;

void HttpConnection::Read(std::span<std::byte> into) {
  socket_.async_read_some(asio::buffer(into.data(), into.size()),
                          [self = shared_from_this()](const error_code& error, std::size_t count) {
                            self->OnRead(count, error);
                          });
}

void HttpConnection::OnRead(std::size_t count, const error_code& error) {
  if (phase_ == Phase::kClosed) return;
  if (const int status = std::exchange(interrupt_status_, 0); status != 0) {
    return RefuseInterrupted(status);
  }
  if (error) return OnReadEnd(error);
  switch (phase_) {
    case Phase::kBody:
      body_.Written(count);
      progress_bytes_ += count;
      break;
    case Phase::kLingering:
      if (count >= linger_bytes_left_) {
        Close();
        return;
      }
      linger_bytes_left_ -= count;
      break;
    default:
      inbox_.Written(count);
      progress_bytes_ += count;
  }
  Advance();
}

void HttpConnection::RefuseInterrupted(int status) {
  bool more = false;
  if (status == 408) {
    listener_->metrics.refused_slow.Add();
    more = Refuse({408, GrpcCode::kDeadlineExceeded}, "the request came too slowly");
  } else {
    more = Refuse({503, GrpcCode::kUnavailable}, "the server stops", true);
  }
  if (more) Advance();
}

void HttpConnection::OnReadEnd(const error_code& error) {
  // A client that closed only its sending side can still be told what was wrong.
  const bool in_body = phase_ == Phase::kBody || phase_ == Phase::kChunks;
  const bool in_head = phase_ == Phase::kHead && head_started_;
  if (error == asio::error::eof && (in_body || in_head)) {
    listener_->metrics.refused_malformed.Add();
    if (Refuse({400, GrpcCode::kInvalidArgument}, "the request ended early")) Advance();
    return;
  }
  Close();
}

void HttpConnection::Interrupt(int status) {
  if (interrupt_status_ != 0) return;
  interrupt_status_ = status;
  error_code ignored;
  socket_.cancel(ignored);
}

void HttpConnection::Close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  cancellation_.Request();
  error_code ignored;
  socket_.close(ignored);
  hold_.Release();
  count_.End();
  thread_->Release(*this);
}

void HttpConnection::Sweep(MonotonicTime now) {
  if (phase_ == Phase::kInFlight) return SweepInFlight();
  if (now < deadline_) return;
  switch (phase_) {
    case Phase::kHead:
      if (head_started_) return Interrupt(408);
      return Close();
    case Phase::kBody:
    case Phase::kChunks:
      return SweepBody(now);
    default:
      return Close();
  }
}

void HttpConnection::SweepBody(MonotonicTime now) {
  if (progress_bytes_ < listener_->options().body_progress_bytes) return Interrupt(408);
  progress_bytes_ = 0;
  deadline_ = now + listener_->options().body_progress_time;
}

// Somebody may work for a client that has gone: it is told, when it asked to be.
void HttpConnection::SweepInFlight() {
  if (!cancellation_.IsWatched()) return;
  char byte;
  if (::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
    cancellation_.Request();
  }
}

void HttpConnection::BeginStop() {
  stopping_ = true;
  switch (phase_) {
    case Phase::kHead:
      if (head_started_) return Interrupt(503);
      return Close();
    case Phase::kBody:
    case Phase::kChunks:
      return Interrupt(503);
    default:
      return;  // finishes, then closes
  }
}

void HttpConnection::Abort() {
  Close();
}

}  // namespace strata::server
