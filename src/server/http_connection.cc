#include "server/http_connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <sys/socket.h>

#include "base/fault_point.h"
#include "server/error_response.h"
#include "server/http_answer.h"
#include "server/namespace_rule.h"
#include "server/peer_text.h"

namespace strata::server {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kInboxBytes = 16_KiB;         // between requests, and for most headers
constexpr std::size_t kInboxBytesChunked = 64_KiB;  // chunked bodies pass through the inbox
constexpr std::size_t kBodyBytesHeld = 16_KiB;      // of a body of which nothing has come yet
constexpr std::size_t kBodyBytesReserved = 1_MiB;   // address space for it, not yet memory
constexpr std::chrono::milliseconds kLingerTime{2000};

}  // namespace

std::span<std::byte> HttpInbox::Room(std::size_t capacity) {
  if (empty()) {
    bytes_.Clear();
    begin_ = 0;
  }
  if (begin_ != 0 && bytes_.Spare().size() < capacity / 2) {
    const ByteSpan rest = ByteSpan(bytes_).subspan(begin_);
    std::memmove(bytes_.data(), rest.data(), rest.size());
    bytes_.Clear();
    bytes_.Written(rest.size());
    begin_ = 0;
  }
  if (bytes_.capacity() < capacity) bytes_.Reserve(capacity);
  return bytes_.Spare();
}

void HttpInbox::Shrink(std::size_t capacity) {
  if (bytes_.capacity() > capacity) bytes_ = Buffer();
  bytes_.Clear();
  begin_ = 0;
}

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, std::shared_ptr<IoThread> thread,
                               std::shared_ptr<Listener> listener)
    : thread_(std::move(thread)),
      socket_(std::move(socket)),
      listener_(std::move(listener)),
      count_(*listener_),
      peer_(PeerText(socket_)),
      parser_(listener_->options().limits),
      hold_(listener_->ledger) {}

HttpConnection::~HttpConnection() = default;

void HttpConnection::Start() {
  error_code ignored;  // a connection that is dead already fails at its first read
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  Expect(listener_->options().idle_time);
  Advance();
}

void HttpConnection::Advance() {
  while (Step()) {
  }
}

bool HttpConnection::Step() {
  switch (phase_) {
    case Phase::kHead:
      return StepHead();
    case Phase::kBody:
      return StepBody();
    case Phase::kChunks:
      return StepChunks();
    case Phase::kSending:
      return Write();
    case Phase::kLingering:
      Read(inbox_.Room(kInboxBytes));
      return false;
    case Phase::kInFlight:
    case Phase::kClosed:
      return false;
  }
  return false;
}

bool HttpConnection::StepHead() {
  if (!inbox_.empty()) {
    if (!std::exchange(head_started_, true)) {
      Expect(listener_->options().header_time);
      parser_.LimitBody(listener_->options().limits.body_bytes_max);
    }
    inbox_.Consume(parser_.ParseHead(inbox_.unread()));
    if (const auto& failure = parser_.failure(); failure.http_status != 0) {
      const bool too_large = failure.http_status == 413 || failure.http_status == 431;
      (too_large ? listener_->metrics.refused_too_large : listener_->metrics.refused_malformed)
          .Add();
      const GrpcCode code = too_large ? GrpcCode::kResourceExhausted : GrpcCode::kInvalidArgument;
      return Refuse({failure.http_status, code}, failure.reason);
    }
    if (parser_.head_done()) return BeginBody();
  }
  // A header that is longer than the inbox grows it, up to the limit that the parser enforces.
  const std::size_t room_for = inbox_.unread().size() < kInboxBytes
                                   ? kInboxBytes
                                   : listener_->options().limits.header_bytes_max + kInboxBytes;
  Read(inbox_.Room(room_for));
  return false;
}

bool HttpConnection::BeginBody() {
  if (stopping_) return Refuse({503, GrpcCode::kUnavailable}, "the server stops", true);
  progress_bytes_ = 0;
  Expect(listener_->options().body_progress_time);
  hold_.ChargeTo(parser_.headers().Get(kNamespaceHeader));
  if (parser_.chunked()) {
    phase_ = Phase::kChunks;
  } else {
    // The parser has refused lengths beyond the limit.
    const auto length = static_cast<std::size_t>(parser_.content_length());
    if (!listener_->ledger.HasRoom(length) || !MakeRoomForBody()) return RefuseOverload();
    const std::string_view here = inbox_.unread().substr(0, length);
    body_.Append(AsBytes(here));
    inbox_.Consume(here.size());
    phase_ = Phase::kBody;
  }
  if (parser_.expects_continue() && body_.empty() && inbox_.empty()) SendContinue();
  return true;
}

bool HttpConnection::StepBody() {
  if (!MakeRoomForBody()) return RefuseOverload();
  const std::size_t missing = static_cast<std::size_t>(parser_.content_length()) - body_.size();
  if (missing == 0) return Dispatch();
  const std::span<std::byte> room = body_.Spare();
  Read(room.first(std::min(room.size(), missing)));
  return false;
}

// What has come is what counts, and as much again: a client that only announces holds nothing up.
bool HttpConnection::MakeRoomForBody() {
  const auto length = static_cast<std::size_t>(parser_.content_length());
  const std::size_t twice = 2 * body_.size();
  if (!hold_.GrowTo(std::min(length, std::max(kBodyBytesHeld, twice)))) return false;
  body_.Reserve(std::min(length, std::max(kBodyBytesReserved, twice)));
  return true;
}

bool HttpConnection::StepChunks() {
  const std::string_view unread = inbox_.unread();
  if (body_.Spare().size() < unread.size()) {
    const std::size_t wanted = std::max(
        body_.size() + unread.size(),
        std::min<std::size_t>(2 * body_.capacity(), listener_->options().limits.body_bytes_max));
    if (!hold_.GrowTo(wanted)) return RefuseOverload();
    body_.Reserve(wanted);
  }
  const std::size_t used = unread.empty() ? 0 : parser_.ParseChunks(unread, body_);
  inbox_.Consume(used);
  if (const auto& failure = parser_.failure(); failure.http_status != 0) {
    (failure.http_status == 413 ? listener_->metrics.refused_too_large
                                : listener_->metrics.refused_malformed)
        .Add();
    const auto code =
        failure.http_status == 413 ? GrpcCode::kResourceExhausted : GrpcCode::kInvalidArgument;
    return Refuse({failure.http_status, code}, failure.reason);
  }
  if (parser_.chunks_done()) return Dispatch();
  const auto room = inbox_.Room(kInboxBytesChunked);
  if (room.empty()) {
    listener_->metrics.refused_malformed.Add();
    return Refuse({400, GrpcCode::kInvalidArgument}, "a chunk's header or trailer is too long");
  }
  Read(room);
  return false;
}

bool HttpConnection::Dispatch() {
  FaultPoint<"server.http.received">();
  phase_ = Phase::kInFlight;
  close_after_ = !parser_.keep_alive();
  dispatched_at_ = SystemClock().Monotonic();
  listener_->metrics.received_bytes.Add(body_.size());
  Request request;
  request.verb = parser_.verb();
  request.path = parser_.path();
  request.query = parser_.query();
  request.headers = &parser_.headers();
  request.peer = peer_;
  request.body = std::exchange(body_, Buffer());
  answered_inline_ = false;
  dispatching_ = true;
  listener_->handler.Handle(std::move(request), Reply(shared_from_this()));
  dispatching_ = false;
  return answered_inline_ ? BeginSend() : false;
}

void HttpConnection::Deliver(Response&& response) {
  response_ = std::move(response);
  if (thread_->IsCurrent() && dispatching_) {
    answered_inline_ = true;
  } else {
    thread_->PostAnswered(shared_from_this());
  }
}

void HttpConnection::SendAnswers() {
  if (phase_ == Phase::kInFlight && BeginSend()) Advance();
}

// Answers a request of which not all was read: the connection cannot go on behind it.
bool HttpConnection::Refuse(WireStatus status, std::string_view message, bool retry) {
  const bool head_done = parser_.head_done();
  response_ =
      ErrorResponse(head_done ? parser_.path() : "",
                    head_done ? parser_.headers().Get("content-type") : "", status, message, retry);
  body_ = Buffer();
  hold_.Release();
  close_after_ = true;
  dispatched_at_ = SystemClock().Monotonic();
  return BeginSend();
}

bool HttpConnection::RefuseOverload() {
  listener_->metrics.refused_overload.Add();
  return Refuse({503, GrpcCode::kUnavailable}, "too many bytes of requests are in flight", true);
}

bool HttpConnection::BeginSend() {
  FaultPoint<"server.http.answering">();
  phase_ = Phase::kSending;
  close_after_ = close_after_ || stopping_;
  cancellation_.Reset();
  const ListenerMetrics& metrics = listener_->metrics;
  metrics.request_seconds.Observe(
      std::chrono::duration<double>(SystemClock().Monotonic() - dispatched_at_).count());
  metrics.CountAnswer(response_.http_status);
  const bool http11 = !parser_.head_done() || parser_.http11();
  WriteAnswerHead(answer_head_, response_, {.http11 = http11, .close = close_after_});
  if (parser_.head_done() && parser_.verb() == "HEAD") response_.body.clear();
  sent_bytes_ = 0;
  Expect(listener_->options().write_time);
  return true;
}

bool HttpConnection::Write() {
  const std::size_t head_sent = std::min(sent_bytes_, answer_head_.size());
  const std::size_t body_sent = sent_bytes_ - head_sent;
  if (head_sent == answer_head_.size() && body_sent == response_.body.size()) return FinishSend();
  const std::array<asio::const_buffer, 2> rest = {
      asio::buffer(answer_head_.data() + head_sent, answer_head_.size() - head_sent),
      asio::buffer(response_.body.data() + body_sent, response_.body.size() - body_sent)};
  error_code error;
  const std::size_t sent = socket_.write_some(rest, error);
  if (!error) {
    sent_bytes_ += sent;
    return true;
  }
  if (error != asio::error::would_block) {
    Close();
    return false;
  }
  socket_.async_write_some(
      rest, [self = shared_from_this()](const error_code& failed, std::size_t count) {
        if (self->phase_ != Phase::kSending) return;
        if (failed) return self->Close();
        self->sent_bytes_ += count;
        self->Expect(self->listener_->options().write_time);
        self->Advance();
      });
  return false;
}

bool HttpConnection::FinishSend() {
  hold_.Release();
  response_ = Response();
  if (close_after_) return BeginLinger();
  if (inbox_.empty()) inbox_.Shrink(kInboxBytes);
  parser_.Reset();
  head_started_ = false;
  phase_ = Phase::kHead;
  Expect(listener_->options().idle_time);
  if (stopping_) Close();
  return true;
}

// Closing a socket that has unread bytes resets it, and the client may lose the answer.
bool HttpConnection::BeginLinger() {
  error_code error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error) {
    Close();
    return false;
  }
  phase_ = Phase::kLingering;
  linger_bytes_left_ = 2 * listener_->options().limits.body_bytes_max;
  Expect(kLingerTime);
  inbox_.Shrink(kInboxBytes);
  return true;
}

// Twenty-five bytes on a connection that has nothing else to send: they fit, or it is broken.
void HttpConnection::SendContinue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  error_code error;
  const std::size_t sent = socket_.write_some(asio::buffer(kContinue), error);
  if (error || sent != kContinue.size()) Close();
}

}  // namespace strata::server
